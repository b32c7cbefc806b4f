#!/usr/bin/perl
# Refresh leases, through nginx and by CGI: who gets one, for how long, what
# ends it, and that its id is worth nothing then.

use strict;
use warnings;
use Test::More;
use Strongroom;
use Strongroom::Json qw(decode);
use Strongroom::Proc qw(parallel);

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
	reads => key_of('alice', '--scopes', 'read'),
	slack => key_of('alice', '--types', 'slack'),
	bob => key_of('bob'),
);
my $nothing = '{"detail":"Integration not found"}';
my $lost = '{"success":false,"data":null,"error":"Refresh lease is lost"}';
my ($way, $ask, $id);
my %way = (nginx => sub { $house->http(@_) }, CGI => sub { $house->cgi(@_) });

sub ask { $ask->(key => $key{alice}, @_) }
sub save { saved_ok(ask(body => $_[0]), "$way: a save") }

sub lease {
	my ($body, %o) = @_;
	return ask(method => 'POST', path => "$all/$id/refresh-lease",
	    body => $body, %o);
}

sub release {
	my ($lease, %o) = @_;
	return ask(method => 'DELETE', path => "$all/$id/refresh-lease",
	    type => undef, body => '', length => undef,
	    headers => defined $lease ? ['Refresh-Lease', $lease] : [], %o);
}

sub patch {
	my ($lease, $body) = @_;
	return ask(method => 'PATCH', path => "$all/$id", body => $body,
	    headers => defined $lease ? ['Refresh-Lease', $lease] : []);
}

sub read_it {
	return decode(ask(method => 'GET', path => "$all/$id", type => undef,
	    body => '', length => undef)->{body})->{data};
}

sub held_until { read_it()->{auth}{refresh_lease_until} }

# A lease is granted: what it is.
sub granted {
	my ($body, $name) = @_;
	my $answer = lease($body);
	my $said = $answer->{status} == 200 ? decode($answer->{body})->{data}
	    : {};
	answer_is($answer, 200, '{"success":true,"data":{"lease_id":"'
	    . ($said->{lease_id} // '') . '","expires_at":"'
	    . ($said->{expires_at} // '') . '","revision":'
	    . read_it()->{revision} . '},"error":null}', "$way: $name");
	like($said->{lease_id}, qr/\A[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}
	    -[89ab][0-9a-f]{3}-[0-9a-f]{12}\z/x, 'under a random UUID');
	is(held_until(), $said->{expires_at}, 'and reading says until when');
	return $said->{lease_id};
}

# How long it lasts, in whole seconds.
sub lasts {
	my ($row) = $house->rows('SELECT CAST(strftime(\'%s\', expires_at) AS INTEGER) - '
	    . "CAST(strftime('%s', granted_at) AS INTEGER) AS n, substr(granted_at, 20) = "
	    . 'substr(expires_at, 20) AS same FROM refresh_leases');
	return $row->{same} ? $row->{n} : 'an odd time';
}

sub is_over {
	my ($lease, $name) = @_;
	answer_is(patch($lease, '{"name":"fenced"}'), 409, $lost,
	    "$name: a change with it is refused");
	answer_is(release($lease), 409, $lost, 'and giving it back');
	is(held_until(), undef, 'and reading knows of none');
}

for my $each (sort keys %way) {
	($way, $ask) = ($each, $way{$each});
	$id = save('{"name":"n","integration_type":"jira","unique_identifier":'
	    . '"u","auth_data":{"access_token":"t-1"}}')->{integration_id};
	my $first = granted('', 'no body is {}');
	is(lasts(), 60, 'which is a minute');
	my $held = lease('{"seconds":1}');
	my ($after) = $held->{body} =~ /"retry_after":(\d+)/;
	answer_is($held, 409, '{"success":false,"data":{"retry_after":'
	    . ($after // '') . ',"expires_at":"' . held_until() . '"},"error":'
	    . '"Refresh lease is held"}', 'nobody gets a second one');
	is($held->{headers}{'retry-after'}, $after, 'and Retry-After says when');
	cmp_ok($after, '>', 60 - 30 * slow(), 'in what is left of it');
	cmp_ok($after, '<=', 60, 'and no more');
	answer_is(release(uc " $first\t"), 200, '{"success":true,"data":'
	    . '{"revision":' . read_it()->{revision} . '},"error":null}',
	    'it is given back');
	is_over($first, 'given back');
	granted('{"seconds":300}', 'the most there is');
	is(lasts(), 300, 'is five minutes');
	is(lease('{}')->{status}, 409, 'which hold');

	# What ends it.
	$house->tamper("UPDATE refresh_leases SET expires_at = "
	    . "strftime('%Y-%m-%dT%H:%M:%f000', 'now')");
	my $second = granted('{"seconds":1}', 'one that is over makes room');
	is(lasts(), 1, 'for a second');
	$house->tamper("UPDATE refresh_leases SET expires_at = "
	    . "strftime('%Y-%m-%dT%H:%M:%f000', 'now')");
	is_over($second, 'over');
	my $third = granted('{}', 'again');
	$house->tamper("UPDATE refresh_leases SET granted_at = "
	    . "'2999-01-01T00:00:00.000000', expires_at = "
	    . "'2999-01-01T00:01:00.000000'");
	is_over($third, 'granted later than now');
	$third = granted('{}', 'a clock that was set back holds none');
	my $now = read_it();
	is(patch($third, '{"name":"m"}')->{status}, 200, 'its owner changes');
	isnt(held_until(), undef, 'and keeps it while the secret stays');
	is(patch(undef, '{"name":"n","auth_data":{}}')->{status}, 200,
	    'others may too');
	isnt(held_until(), undef, 'and do not end it so');
	answer_is(patch('01890a5d-ac96-4abc-8def-0123456789ab',
	    '{"name":"x"}'), 409, $lost, 'but not under another id');
	answer_is(patch($_, '{"name":"x"}'), 409, $lost, "nor under '$_'")
	    for 'x', '', "$third,$third";
	is(read_it()->{name}, 'n', 'which changes nothing');
	is(patch(uc $third, '{"auth_data":{"access_token":"t-2"}}')->{status},
	    200, 'a new secret');
	is_over($third, 'used');
	$third = granted('{}', 'one more');
	is(patch($third, '{"auth_data":{"access_token":"t-2"}}')->{status},
	    200, 'the same secret, by its owner');
	is_over($third, 'used for no change');
	$third = granted('{}', 'one more');
	is(patch(undef, '{"auth_data":{"access_token":"t-3"}}')->{status}, 200,
	    'another secret, by anybody');
	is_over($third, 'overtaken');
	$third = granted('{}', 'one more');
	save('{"name":"n","integration_type":"jira","unique_identifier":"u"}');
	isnt(held_until(), undef, 'a save without auth_data leaves it');
	save('{"name":"n","integration_type":"jira","unique_identifier":"u",'
	    . '"auth_data":{"access_token":"t-3"}}');
	is_over($third, 'saved over');
	$now = read_it();
	$third = granted('{}', 'one more');
	release($third);
	is(read_it()->{revision}, $now->{revision},
	    'leases are no change of the integration');
	is(read_it()->{updated_at}, $now->{updated_at}, 'in no way');

	# What is refused.
	for my $case (['"60"', 'value is not a valid integer',
	    'type_error.integer'], ['1.0', 'value is not a valid integer',
	    'type_error.integer'], ['true', 'value is not a valid integer',
	    'type_error.integer'], ['1e2', 'value is not a valid integer',
	    'type_error.integer'], ['null', 'none is not an allowed value',
	    'type_error.none.not_allowed'],
	    (map { [$_, 'ensure this value is greater than or equal to 1',
	    'value_error.number.not_ge'] } 0, '-0', -1, '-' . 9 x 30),
	    (map { [$_, 'ensure this value is less than or equal to 300',
	    'value_error.number.not_le'] } 301, 9 x 30)) {
		my ($seconds, @words) = @$case;
		faults_are(lease("{\"seconds\":$seconds}"),
		    [[['seconds'] => @words]], "$seconds seconds");
	}
	faults_are(lease('null'), [[[] => 'field required',
	    'value_error.missing']], 'null is no body');
	faults_are(lease('[]'), [[[] => 'value is not a valid dict',
	    'type_error.dict']], 'nor is an array');
	is(lease('{"other":1}', key => $key{bob})->{status}, 404,
	    'members that are not known are passed over');
	is(lease('', type => 'application/x-www-form-urlencoded')->{status},
	    200, 'a body that is not there has no type');
	my $header = '{"detail":[{"loc":["header","refresh-lease"],"msg":'
	    . '"field required","type":"value_error.missing"}]}';
	answer_is(release(undef), 422, $header, 'which lease is given back?');
	my $none = $all . '/01890a5d-ac96-7abc-8def-0123456789ab/refresh-lease';
	answer_is(release(undef, path => $none), 422, $header,
	    'which comes first');
	faults_are(lease('{"seconds":0}', path => $none), [[['seconds'] =>
	    'ensure this value is greater than or equal to 1',
	    'value_error.number.not_ge']], 'as faults do');
	for my $do (sub { lease('{}', @_) }, sub { release('x', @_) }) {
		answer_is($do->(path => $none), 404, $nothing,
		    'an unknown id is not there');
		answer_is($do->(key => $key{$_}), 404, $nothing,
		    "nor for $_") for qw(bob slack);
		answer_is($do->(key => $key{reads}), 403, '{"detail":"API key '
		    . 'lacks the scope: save"}', 'and it takes save');
	}
	my $put = ask(method => 'PUT', path => "$all/$id/refresh-lease");
	answer_is($put, 405, '{"detail":"Method Not Allowed"}', 'PUT is not');
	is($put->{headers}{allow}, 'POST, DELETE', 'among what there is');
	my $lease = ($house->rows('SELECT lease_id FROM refresh_leases'))[0];
	is(release($lease->{lease_id}, method => 'POST', headers => [
	    'Refresh-Lease', $lease->{lease_id}, 'X-HTTP-Method-Override',
	    'DELETE'])->{status}, 200, 'POST that is DELETE');
}

my @rows = $house->rows("SELECT action, subject FROM audit WHERE action IN "
    . "('lease', 'release') ORDER BY seq");
is(scalar(grep { $_->{action} eq 'lease' } @rows), 20,
    'the audit has a row for each that was granted');
is(scalar(grep { $_->{action} eq 'release' } @rows), 6,
    'and for each that was given back');
like($rows[0]{subject}, qr/\A\{"user":"alice","key":"\w+","address":"127\.0\.0\.1","fields":\[\]\}\z/,
    'which say who');

# Of many at once, in two processes, one gets it.
my $second = $house->worker;
my @sockets = map { $_->{socket} } @{ $house->{workers} };
my @said = parallel(16, sub {
	my $answer = $house->fcgi(socket => $sockets[$_[0] % 2],
	    key => $key{alice}, method => 'POST', body => '',
	    path => "$all/$id/refresh-lease");
	return ($answer->{status}, $answer->{headers}{'retry-after'} // '');
});
is(scalar(grep { $_->[0] == 200 } @said), 1, 'of 16 at once one gets it');
is(scalar(grep { $_->[0] == 409 && $_->[1] =~ /\A[1-9]\d?\z/ } @said), 15,
    'and 15 are told when to ask again');

finish();
