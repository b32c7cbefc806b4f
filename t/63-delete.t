#!/usr/bin/perl
# Deleting an integration, through nginx and by CGI: what is answered, that
# nothing of it is left, and what a save under its identifier makes then.

use strict;
use warnings;
use Test::More;
use Strongroom;
use Strongroom::Json qw(decode);

my $house = house(conf => { busy_timeout_ms => 500 * slow() });
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
	saves => key_of('alice', '--scopes', 'save'),
	prints => key_of('alice', '--scopes', 'save,read,verify'),
	reads => key_of('alice', '--scopes', 'read'),
	slack => key_of('alice', '--types', 'slack'),
	bob => key_of('bob'),
);
my $nothing = '{"detail":"Integration not found"}';
my $failed = '{"detail":"Precondition Failed"}';
my ($way, $ask);
my %way = (nginx => sub { $house->http(@_) }, CGI => sub { $house->cgi(@_) });

sub ask { $ask->(key => $key{alice}, @_) }

sub save {
	my ($identifier) = @_;
	my $answer = ask(body => '{"name":"n","integration_type":"jira",'
	    . "\"unique_identifier\":\"$identifier\",\"auth_data\":"
	    . '{"access_token":"t"},"scope_data":{"x" : 1}}');
	saved_ok($answer, "$way: a save");
	return ($answer->{headers}{etag},
	    decode($answer->{body})->{data}{integration_id});
}

sub remove {
	my ($id, %o) = @_;
	return ask(method => 'DELETE', path => "$all/$id", type => undef,
	    body => '', length => undef, %o);
}

sub get {
	my ($id, %o) = @_;
	return ask(method => 'GET', path => "$all/$id", type => undef,
	    body => '', length => undef, %o);
}

sub count {
	my ($table) = @_;
	return ($house->rows("SELECT count(*) AS n FROM $table"))[0]{n};
}

for my $each (sort keys %way) {
	($way, $ask) = ($each, $way{$each});
	for my $who (qw(alice prints)) {
		my ($tag, $id) = save('u');
		my $read = get($id, key => $key{$who})->{body};
		my $gone = remove($id, key => $key{$who});
		answer_is($gone, 200, $read =~ s/\}(?=,"error")/,"deleted":true}/r,
		    "$way: $who is told what was there, and that it is not");
		is($gone->{headers}{$_}, undef, "without $_")
		    for qw(etag accept-patch);
		answer_is(remove($id, key => $key{$who}), 404, $nothing,
		    'again it is not there');
		answer_is(get($id), 404, $nothing, 'for who reads neither');
		answer_is(ask(method => 'PATCH', path => "$all/$id",
		    body => '{}'), 404, $nothing, 'nor for who changes it');
	}
	my ($tag, $id) = save('u');
	my $gone = remove($id, key => $key{saves});
	is_deeply([$gone->{status}, (grep { /scope_data|fingerprint|deleted/ }
	    $gone->{body} =~ /"(\w+)":/g)], [200, 'has_scope_data', 'deleted'],
	    'a key that does not read is told what a list has');

	# Nothing is left of it that the next row could inherit.
	($tag, $id) = save('u');
	my $row = ($house->rows('SELECT id FROM integrations'))[0]{id};
	is(ask(method => 'POST', path => "$all/$id/refresh-lease",
	    body => '')->{status}, 200, 'a lease');
	$house->tamper('INSERT INTO reveals VALUES '
	    . "($row, '2024-01-15T10:30:00.000000', 7)");
	is(decode(get($id)->{body})->{data}{auth}{reveal_count}, 7,
	    'and reveals');
	is(remove($id)->{status}, 200, 'go with it');
	is(count($_), 0, "$_ is empty")
	    for qw(integrations reveals refresh_leases);
	my $old = $id;
	($tag, $id) = save('u');
	is(($house->rows('SELECT id FROM integrations'))[0]{id}, $row,
	    'though the next row is in its place') if !$house->{server};
	isnt($id, $old, 'which is another integration');
	my $new = decode(get($id)->{body})->{data};
	is_deeply([$new->{revision}, @{ $new->{auth} }{qw(reveal_count
	    last_revealed_at refresh_lease_until)}], [1, 0, undef, undef],
	    'as new as any');

	# Conditions.
	answer_is(remove($id, headers => ['If-Match', '"1-x"']), 412, $failed,
	    'If-Match of another revision');
	answer_is(remove($id, headers => ['If-None-Match', '*']), 412, $failed,
	    'If-None-Match');
	is(get($id)->{status}, 200, 'deletes nothing');
	answer_is(remove($old, headers => ['If-Match', '"1-x"']), 404,
	    $nothing, 'what is not there comes first');
	is(remove($id, headers => ['If-Match', "W/$tag"])->{status}, 200,
	    'If-Match of this one');
	($tag, $id) = save('u');
	is(remove($id, headers => ['If-Match', '*'])->{status}, 200,
	    'If-Match: *');

	# Who may, and how.
	($tag, $id) = save('u');
	for my $case (['bob', $id], ['slack', $id], ['alice', 'x'],
	    ['alice', '00000000-0000-0000-0000-000000000000']) {
		my ($who, $at) = @$case;
		answer_is(remove($at, key => $key{$who}), 404, $nothing,
		    "$who: $at is not there");
	}
	answer_is(remove($id, key => $key{reads}), 403,
	    '{"detail":"API key lacks the scope: save"}', 'a key that reads');
	is(remove($id, method => 'POST', headers => ['X-HTTP-Method-Override',
	    'DELETE'])->{status}, 200, 'POST that is DELETE');
	($tag, $id) = save('u');
	is(remove($id, body => '{"not' x 1000, type => 'text/plain',
	    length => 5000, headers => ['Content-Encoding', 'gzip',
	    'Idempotency-Key', 'no good', 'Refresh-Lease', 'x'])->{status},
	    200, 'a body, and what is meant for others, is passed over');
	is($house->admin('check')->{exit}, 0, 'all is well');
}

# The audit: who deleted what, once for each.
my @rows = $house->rows("SELECT integration_id, subject FROM audit "
    . "WHERE action = 'delete' ORDER BY seq");
is(scalar @rows, 16, 'the audit has a row for each');
my %seen;
is(scalar(grep { $seen{ $_->{integration_id} }++ } @rows), 0,
    'and no two for one');
is($rows[0]{subject}, '{"user":"alice","key":"'
    . $house->public_id($key{alice}) . '","address":"127.0.0.1",'
    . '"fields":[]}', 'which says who and from where');

($way, $ask) = ('nginx', $way{nginx});
my ($tag, $id) = save('busy');
$house->hold_lock;
answer_is(remove($id), 503, '{"success":false,"data":null,"error":"Failed to '
    . 'delete integration: Database is busy"}', 'the lock is held: 503');
$house->give_lock;
is(get($id)->{status}, 200, 'and it is there');

finish(), exit if $house->{server};

# What was in clear is not in the file either, once the log is in it.
my $word = 'canary' . join '', map { ('a' .. 'z')[rand 26] } 1 .. 20;
saved_ok(ask(body => "{\"name\":\"$word\",\"integration_type\":\"jira\","
    . "\"metadata\":{\"x\":\"@{[$word x 400]}\"},\"unique_identifier\":\"c\"}"),
    'a name to look for');
$id = ($house->rows("SELECT integration_id FROM integrations WHERE "
    . "unique_identifier = 'c'"))[0]{integration_id};
is($house->stop_worker->{exit}, 0, 'the worker ends, and the log is brought in');
like(slurp($house->{database}), qr/$word/, 'the name is in the file');
$house->worker(socket => $house->{worker}{socket});
is(remove($id)->{status}, 200, 'it is deleted');
is($house->stop_worker->{exit}, 0, 'the worker ends');
unlike(slurp($house->{database}), qr/$word/, 'and its name is not');

finish();
