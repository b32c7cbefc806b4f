#!/usr/bin/perl
# integration edit and integration delete of the command line: what a request
# could do, for any owner, beside a worker that serves; and the audit has it.

use strict;
use warnings;
use Test::More;
use Strongroom;
use Strongroom::Json qw(decode);

my $house = house(conf => { max_body => 4096, busy_timeout_ms =>
    300 * slow() });
$house->worker;

# A save of that user's; its id.
sub save {
	my ($user) = @_;
	return saved_ok($house->fcgi(key => $house->key($user), body =>
	    '{"name":"n","integration_type":"jira","unique_identifier":"u",'
	    . '"auth_data":{ "access_token" : "t-1" ,"refresh_token":"r"}}'),
	    "a save of $user")->{integration_id};
}

sub edit {
	my ($id, $patch, @more) = @_;
	return $house->admin('integration', 'edit', $id, @more,
	    { stdin => $patch });
}

# What was done, and to what, since the last time.
my $seen = 0;
sub told {
	my @rows = $house->rows('SELECT seq, action, integration_id AS id, '
	    . "subject, request_id FROM audit WHERE seq > $seen "
	    . "AND action <> 'reveal' ORDER BY seq");
	$seen = $rows[-1]{seq} if @rows;
	return @rows;
}

my %id = map { $_ => save($_) } qw(alice bob);
told();
my $done = edit($id{alice}, '{"auth_data":{"access_token":"t-2"},'
    . '"status":"inactive"}');
is($done->{exit}, 0, 'an edit') || diag($done->{err});
is($done->{out}, "revision 2: status,auth_data\n", 'says what has changed');
like($house->admin_ok('integration', 'show', $id{alice}),
    qr/^revision +2$/m, 'show has the revision');
is($done->{err}, '', 'and nothing else');
is($house->reveal($id{alice}), '{"access_token":"t-2","refresh_token":"r"}',
    'the token is another, and the rest as it was');
is($house->reveal($id{bob}),
    '{ "access_token" : "t-1" ,"refresh_token":"r"}', "another's is not");
my @rows = told();
is(scalar @rows, 1, 'the audit has one row');
is("$rows[0]{action} $rows[0]{id}", "change $id{alice}", 'for it');
is($rows[0]{subject}, '{"user":"alice","key":null,"address":null,"fields":'
    . '["status","auth_data"]}', 'that says whose, and which members');
like($rows[0]{request_id}, qr/\A[0-9a-f]{8}-/, 'under an id of its own');
my $read = $house->fcgi(method => 'GET', key => $house->key('alice'),
    path => "/api/v2/integrations/$id{alice}", type => undef);
is(decode($read->{body})->{data}{revision}, 2, 'and the service has it');

$done = edit($id{alice}, '{"status":"inactive"}');
is("$done->{exit} $done->{out}", "0 revision 2: nothing is changed\n",
    'the same again');
$done = edit(uc $id{bob}, '{"name":"m","auth_data":null}', '--json');
is_deeply(decode($done->{out}), { integration_id => $id{bob},
    revision => 2, changed => ['name', 'auth_data'] }, 'with --json');
$done = edit($id{bob}, '{}', '--json');
is_deeply(decode($done->{out}), { integration_id => $id{bob},
    revision => 2, changed => [] }, 'nothing is an empty array');
@rows = told();
is(scalar @rows, 1, 'and no row of the audit');

# What is refused, and changes nothing.
for my $case (['{"name":null,"auth_data":5}', qr/\A[^\n]*the patch is refused: \{"detail":\[\{"loc":\["body","name"\],"msg":"none is not an allowed value","type":"type_error\.none\.not_allowed"\},\{"loc":\["body","auth_data"\],"msg":"value is not a valid dict","type":"type_error\.dict"\}\]\}\n\z/],
    ['{"integration_type":"slack"}', qr/field cannot be changed/],
    ['{"a":', qr/"loc":\["body",5\].*jsondecode/], ['', qr/jsondecode/],
    ['[]', qr/value is not a valid dict/],
    ['{"name":"' . 'x' x 5000 . '"}', qr/longer than max_body/],
    ['{"auth_data":{"x":"' . 'x' x 3000 . '","y":"' . 'y' x 1060 . '"}}',
	qr/what the patch makes of the integration is longer than max_body/]) {
	my ($patch, $says) = @$case;
	$done = edit($id{alice}, $patch);
	is($done->{exit}, 1, 'refused: ' . substr $patch, 0, 20);
	like($done->{err}, $says, 'and why');
	is($done->{out}, '', 'with nothing on standard output');
	unlike($done->{err}, qr/slack|x{20}/, 'nor anything of the patch');
}
for my $none ('x', '01890a5d-ac96-7abc-8def-0123456789ab') {
	for my $what (qw(edit delete)) {
		$done = $house->admin('integration', $what, $none,
		    { stdin => '{}' });
		is($done->{exit}, 3, "$what of $none: exit 3");
		like($done->{err}, qr/there is no integration \Q$none\E\n\z/,
		    'and a word');
	}
}
is($house->admin('integration', 'edit')->{exit}, 2, 'an ID is missing');
$house->hold_lock;
for my $what (qw(edit delete)) {
	$done = $house->admin('integration', $what, $id{alice},
	    { stdin => '{"name":"busy"}' });
	is($done->{exit}, 1, "$what while the lock is held: exit 1");
	like($done->{err}, qr/lock was not had/, 'and a word');
}
$house->give_lock;
is(scalar(told()), 0, 'none of it is in the audit');
is(decode($house->admin_ok('integration', 'show', $id{alice}, '--json'))
    ->{name}, 'n', 'nor stored');

# Gone, for whom it belongs to as well.
$done = $house->admin('integration', 'delete', uc $id{alice});
is("$done->{exit}$done->{out}$done->{err}", '0', 'deleted, without a word');
is($house->admin('integration', 'show', $id{alice})->{exit}, 3,
    'it is not there');
is($house->fcgi(method => 'GET', key => $house->key('alice'), type => undef,
    path => "/api/v2/integrations/$id{alice}")->{status}, 404,
    'nor for the service');
@rows = told();
is("$rows[0]{action} $rows[0]{id} $rows[0]{subject}", "delete $id{alice} "
    . '{"user":"alice","key":null,"address":null,"fields":[]}',
    'and the audit says so');
is(scalar @{ $house->integrations }, 1, "another's is there");
is($house->admin('check')->{exit}, 0, 'and opens');

# What is good by itself, and too much with what is there.
$house->write_conf(max_body => 65536);
my $many = sub { join ',', map { qq("$_[0]$_":1) } 1 .. 600 };
is(edit($id{bob}, '{"metadata":{' . $many->('a') . '}}')->{exit}, 0,
    'many members');
$done = edit($id{bob}, '{"metadata":{' . $many->('b') . '}}');
is($done->{exit}, 1, 'and as many more: refused');
like($done->{err}, qr/patch is refused: .*"metadata"/, 'and why');

finish();
