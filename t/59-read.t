#!/usr/bin/perl
# Reading an integration, through nginx and by CGI: what is told, and to whom;
# what a key is for; and what every changing answer says of the revision.

use strict;
use warnings;
use Test::More;
use Strongroom;
use Strongroom::Json qw(decode);

my $house = house();
$house->worker;
$house->nginx;
my $all = '/api/v2/integrations';

sub key_of {
	my ($user, @more) = @_;
	return $house->admin_ok(qw(key create --user), $user, @more)
	    =~ s/\n//r;
}

my %key = (
	alice => key_of('alice'),
	prints => key_of('alice', '--scopes', 'read,verify'),
	saves => key_of('alice', '--scopes', 'save'),
	jira => key_of('alice', '--types', 'jira,slack'),
	metrics => key_of('alice', '--scopes', 'metrics'),
	bob => key_of('bob'),
);

my $body = '{"name":"Zoë","integration_type":"github","status":"pending",'
    . '"active":false,"unique_identifier":"gh",'
    . '"auth_data":{"access_token":"canary-1","expires_at":"2031-02-03T04:05:06+01:00"},'
    . '"scope_data":{ "org_slug" : "acme", "n":1E400 },"metadata":{"tags":["a"]}}';

# Each way: how a request is made. HEAD has no body by either.
my %way = (
	nginx => sub { $house->http(@_) },
	CGI => sub { $house->cgi(@_) },
);

for my $way (sort keys %way) {
	my $ask = $way{$way};
	my $saved = $ask->(key => $key{alice}, body => $body);
	my $data = saved_ok($saved, "$way: a save");
	my $id = $data->{integration_id};
	my $read = sub {
		my ($who, %o) = @_;
		return $ask->(method => 'GET', path => "$all/$id", type => undef,
		    body => '', length => undef, key => $key{$who}, %o);
	};
	my $got = $read->('alice');
	is($got->{status}, 200, "$way: it is read") || diag($got->{body});
	is($got->{headers}{etag}, $saved->{headers}{etag},
	    'under the ETag that the save had');
	my $told = decode($got->{body});
	my ($item) = $told->{data};
	is_deeply([$got->{body} =~ /"(\w+)":/g], [qw(success data integration_id
	    name integration_type status active unique_identifier created_by
	    created_at has_auth_data has_scope_data metadata instance_name
	    created_via version description tags updated_at revision
	    token_state expires_at scope_data n auth has_auth_data
	    fingerprint last_revealed_at reveal_count refresh_lease_until
	    error)], 'all members in their order');
	is_deeply({ map { $_ => $item->{$_} } keys %$data }, $data,
	    'those of the save say the same');
	like($got->{body}, qr/"scope_data":\Q{ "org_slug" : "acme", "n":1E400 }\E,/,
	    'scope_data as it was sent, byte for byte');
	is($item->{expires_at}, '2031-02-03T03:05:06.000000', 'expiry in UTC');
	is($item->{token_state}, 'valid', 'the token lasts');
	is($item->{auth}{fingerprint}, undef, 'no fingerprint for this key');
	unlike($got->{body}, qr/canary/, 'and nothing that is sealed');

	my $prints = decode($read->('prints')->{body})->{data}{auth};
	like($prints->{fingerprint}, qr/\A[0-9a-f]{16}\z/,
	    'a key that may verify sees one');
	is_deeply([@$prints{qw(last_revealed_at reveal_count
	    refresh_lease_until)}], [undef, 0, undef], 'and no use so far');

	my $head = $read->('alice', method => 'HEAD');
	is_deeply([$head->{status}, $head->{headers}{etag}, $head->{body}],
	    [200, $got->{headers}{etag}, ''], 'HEAD is GET without a body');
	is($read->('alice', path => uc("$all/$id") =~ s/\A.*INTEGRATIONS/$all/r)
	    ->{status}, 200, 'the id in capitals');
	is($read->('alice', path => "$all/$id/")->{status}, 200,
	    'a slash at the end');

	# Who may not.
	my $nothing = '{"detail":"Integration not found"}';
	my $lacks = sub { qq({"detail":"API key lacks the $_[0]"}) };
	answer_is($read->('bob'), 404, $nothing, "another's is not there");
	answer_is($read->('alice', path => "$all/$_"), 404, $nothing,
	    "nor is $_") for '0', substr($id, 0, 35), "${id}0",
	    '00000000-0000-0000-0000-000000000000', ('x' x 36);
	answer_is($read->('jira'), 404, $nothing, 'nor, for a key of other types');
	answer_is($read->('saves'), 403, $lacks->('scope: read'),
	    'a key that only saves does not read');
	answer_is($ask->(key => $key{prints}, body => '{'), 403,
	    $lacks->('scope: save'), 'nor one that reads save, whatever comes');
	answer_is($ask->(key => $key{jira}, body => $body), 403,
	    $lacks->('type: github'), 'nor one of other types');
	is($ask->(key => $key{jira}, body => '{"name":1}')->{status}, 422,
	    'the fields come before the type');
	answer_is($ask->(key => $key{jira}, body =>
	    '{"name":"n","integration_type":"jira","unique_identifier":"gh"}'),
	    409, '{"success":false,"data":null,"error":"Failed to save '
	    . 'integration: unique_identifier already belongs to another '
	    . 'integration"}', 'a type that the key may not see is not named');
	is($read->('metrics')->{status}, 403, 'nor one for metrics');

	# Revisions.
	my $again = $ask->(key => $key{alice}, body => $body);
	isnt($again->{headers}{etag}, $got->{headers}{etag},
	    'saved again it has another ETag');
	my $now = $read->('alice');
	is($now->{headers}{etag}, $again->{headers}{etag}, 'which reading has');
	is(decode($now->{body})->{data}{revision}, $item->{revision} + 1,
	    'and a revision more');
	is(decode($read->('prints')->{body})->{data}{auth}{fingerprint},
	    $prints->{fingerprint}, 'the same secret has the same fingerprint');
	$ask->(key => $key{alice}, body => $body =~ s/canary-1/canary-2/r);
	isnt(decode($read->('prints')->{body})->{data}{auth}{fingerprint},
	    $prints->{fingerprint}, 'another one another');
	$ask->(key => $key{alice}, body => '{"name":"n","unique_identifier":'
	    . '"gh","integration_type":"github","auth_data":null}');
	my $bare = decode($read->('prints')->{body})->{data};
	is_deeply([$bare->{auth}{fingerprint}, $bare->{expires_at},
	    $bare->{token_state}], [undef, undef, 'unknown'],
	    'none has none, and no expiry');
}

# Conditions on a save.
my $cond = sub {
	my ($identifier, @headers) = @_;
	return $house->http(key => $key{alice}, headers => \@headers, body =>
	    qq({"name":"n","integration_type":"jira","unique_identifier":)
	    . qq("$identifier"}));
};
my $failed = '{"detail":"Precondition Failed"}';
answer_is($cond->('c', 'If-Match', '*'), 412, $failed,
    'If-Match does not create');
answer_is($cond->('', 'If-Match', '*'), 412, $failed,
    'nor under an identifier that is generated');
my $made = $cond->('c', 'If-None-Match', '*');
saved_ok($made, 'If-None-Match: * creates');
answer_is($cond->('c', 'If-None-Match', '*'), 412, $failed, 'and only that');
# What a proxy has doubled, or nobody understands, stores over nothing either.
answer_is($house->fcgi(key => $key{alice}, headers => [('If-None-Match', '*')
    x 2], body => '{"name":"n","integration_type":"jira",'
    . '"unique_identifier":"c"}'), 412, $failed, 'nor by two lines of it');
answer_is($cond->('c', 'If-None-Match', $_), 412, $failed,
    "nor by If-None-Match: $_") for '*, *', '*, "x"', 'x', '"x';
my $tag = $made->{headers}{etag};
answer_is($cond->('c', 'If-None-Match', $tag), 412, $failed,
    'nor over the tag that it names');
my $next = $cond->('c', 'If-Match', qq("0-0", W/$tag));
saved_ok($next, 'If-Match updates what it names');
answer_is($cond->('c', 'If-Match', $tag), 412, $failed,
    'and not what has changed since');
saved_ok($cond->('c', 'If-Match', '*'), 'a star updates what is there');
is(($house->rows("SELECT revision FROM integrations WHERE "
    . "unique_identifier = 'c'"))[0]{revision}, 3,
    'what was refused has changed nothing');

# The audit has a row for each change, and for nothing else.
my @actions = map { $_->{action} } $house->rows(
    'SELECT action FROM audit ORDER BY seq');
is(scalar(grep { $_ eq 'key_create' } @actions), 6, 'a row for each key');
is(scalar(grep { $_ eq 'save' } @actions), 11, 'and one for each save');
is(scalar @actions, 17, 'and no more');

finish();
