#!/usr/bin/perl
# The audit by the command line: what stands in it, that every change of it is
# found, what an erasure and pruning leave.

use strict;
use warnings;
use Test::More;
use Strongroom;
use Strongroom::Json qw(decode);
use Strongroom::Proc qw(run wait_until);

my $house = house(conf => { audit_days => 30 });
my $HASH = qr/[0-9a-f]{64}/;

sub save {
	my ($key, $name, @more) = @_;
	return saved_ok($house->fcgi(key => $key, body => '{"name":"n",'
	    . '"integration_type":"jira","unique_identifier":"' . $name
	    . '","auth_data":{"access_token":"tok-' . $name . '"}}', @more),
	    "$name is saved")->{integration_id};
}

sub rows { decode($house->admin_ok(qw(audit list --json), @_)) }
sub verify { $house->admin(qw(audit verify), @_) }
sub actions { join ' ', map { $_->{action} } rows(@_)->@* }

# Nothing yet.
is_deeply(rows(), [], 'a new audit is empty');
is($house->admin(qw(audit head))->{exit}, 3, 'and has no head');
like(verify()->{out}, qr/\A0 rows, 0 erased, 0 findings; head 0:0{64}\n\z/,
    'and is whole');

# What is done stands in it.
my $worker = $house->worker;
my %key = map { my $key = $house->admin_ok(qw(key create --user), $_,
    '--scopes', 'save,read,admin'); chomp $key; ($_ => $key) } qw(anna bert);
my $id = save($key{anna}, 'a1');
save($key{bert}, 'b1');
save($key{anna}, 'a1');
my $head = $house->admin_ok(qw(audit head)) =~ s/\n\z//r;
like($head, qr/\A5:$HASH\z/, 'the head is the last row');
is(actions(), 'key_create key_create save save save', 'in order');
is(actions(qw(--user anna)), 'key_create save save', 'those of a user');
is(actions(qw(--user nobody)), '', 'there are none of nobody');
my ($row) = grep { $_->{action} eq 'save' } rows()->@*;
is_deeply($row->{subject}, { user => 'anna', key => $house->public_id(
    $key{anna}), address => '127.0.0.1', fields => [qw(name integration_type
    auth_data unique_identifier)] }, 'who, by which key, from where, what');
is($row->{integration_id}, $id, 'to which integration');
like($house->admin_ok(qw(audit list)), qr/^\s*3\s+\S+\s+save\s+anna\s+
    @{[$house->public_id($key{anna})]}\s+127\.0\.0\.1\s+$id\s+
    name,integration_type,auth_data,unique_identifier$/mx, 'as a table');
my $from = $house->admin_ok(qw(master-key status --json));
$house->admin_ok(qw(master-key rotate));
my ($old) = map { $_->{key_id} } decode($from)->@*;
$house->admin_ok(qw(master-key retire), $old);
my @master = grep { $_->{subject}{master_key} } rows()->@*;
is_deeply([map { $_->{action}, $_->{subject}{state} } @master], ['rotate',
    'active', 'retire', 'retired'], 'master keys too');
is($master[1]{subject}{master_key}, $old, 'by their ids');
is($house->admin(qw(master-key retire), $old)->{exit}, 0, 'again');

# Lines for keeping elsewhere, with all that proves them.
my @lines = map { decode($_) } split /\n/, $house->admin_ok(qw(audit export));
is(scalar @lines, scalar rows()->@*, 'each row is exported');
is(scalar(grep { $_->{hash} =~ /\A$HASH\z/ && $_->{digest} =~ /\A$HASH\z/
    && $_->{salt} =~ /\A[0-9a-f]{32}\z/ && $_->{chain_id} == 1 } @lines),
    scalar @lines, 'with its hashes');
is("5:$lines[4]{hash}", $head, 'the head of then among them');

# Whole, while the service runs.
like(verify()->{out}, qr/\A8 rows, 0 erased, 0 findings; head 8:$HASH\n\z/,
    'verify: it is whole');
is(verify('--from', $head)->{exit}, 0, 'and goes on from a head of before');
is_deeply(decode(verify('--json')->{out}), { findings => [], rows => 8,
    first => 1, pruned_to => 0, erased => 0, head => "8:$lines[7]{hash}" },
    'as JSON');
is(verify('--from', $_)->{exit}, 2, "--from $_") for '5', "x:$lines[4]{hash}",
    '5:abc', "0:$lines[4]{hash}", "-1:$lines[4]{hash}", ":$lines[4]{hash}",
    "5:$lines[4]{hash}0", '';

# Changed, one way after the other.
$house->tamper('CREATE TABLE kept AS SELECT * FROM audit');
sub finds {
	my ($sql, $found, $name, @args) = @_;
	$house->tamper($sql);
	my $done = verify(@args);
	is($done->{exit}, 1, "$name is found");
	like($done->{out}, $found, "$name: and where");
	$house->tamper('DELETE FROM audit; INSERT INTO audit SELECT * FROM kept');
}
finds("UPDATE audit SET action = 'read' WHERE seq = 4",
    qr/\Arow 4: it was changed, or is not the one that was written here\n8 rows/,
    'a changed row');
finds("UPDATE audit SET subject = replace(subject, 'anna', 'bert') WHERE "
    . 'seq = 3', qr/\Arow 3: its subject or salt was changed\n8 rows/,
    'a changed subject');
finds('UPDATE audit SET owner = (SELECT owner FROM kept WHERE seq = 2) WHERE '
    . 'seq = 3', qr/\Arow 3: its owner was changed\n8 rows/,
    "a row given to another");
finds('DELETE FROM audit WHERE seq = 4', qr/\Arow 4: missing\n7 rows/,
    'a removed row');
finds('DELETE FROM audit WHERE seq IN (3, 4)',
    qr/\Arows 3 to 4: missing\n6 rows/, 'removed rows');
finds('UPDATE audit SET subject = NULL, salt = NULL, owner = NULL WHERE '
    . 'seq = 3', qr/\Arow 3: its subject is empty, and no erasure covers it\n/,
    'an emptied row');
finds('UPDATE audit SET subject = NULL, salt = NULL, owner = NULL WHERE '
    . 'seq IN (3, 5)', qr/\Asubjects are empty that no erasure covers/,
    'more than one');
finds('DELETE FROM audit WHERE seq > 6', qr/\Arows 7 to 8: missing\n6 rows/,
    'an end that was cut off', '--from', "8:$lines[7]{hash}");
$house->tamper("UPDATE audit SET action = 'read' WHERE seq = 4");
my $json = decode(verify('--json')->{out});
is_deeply($json->{findings}, [{ seq => 4, last => 4, finding =>
    'it was changed, or is not the one that was written here' }],
    'a finding as JSON');
$house->tamper('DELETE FROM audit; INSERT INTO audit SELECT * FROM kept;'
    . 'DROP TABLE kept');
is(verify()->{exit}, 0, 'undone, it is whole');

# A database with the same key file is another chain from its first row on.
my $twin = house(name => 'twin', init => 0);
$twin->write_conf(%{ $twin->{settings} },
    master_key_file => $house->{master_key});
$house->admin_ok('backup', "$house->{dir}/copy.db");
mkdir "$twin->{dir}/data", 0700 or die "$twin->{dir}/data: $!";
$twin->admin_ok('restore', "$house->{dir}/copy.db");
$twin->admin_ok(qw(key create --user), $_) for 1 .. 2;
save($key{anna}, "a$_") for 2 .. 3;
$house->tamper("ATTACH '$twin->{database}' AS twin; DELETE FROM audit WHERE "
    . 'seq = 9; INSERT INTO audit SELECT * FROM twin.audit WHERE seq = 9');
my $done = verify();
is($done->{exit}, 1, 'a row of the same place in a copy is found');
like($done->{out}, qr/^row 10: it was changed, or is not the one/m,
    'by the row behind it');
# Which is the twin's now; the audit is made whole for what follows.
$house->admin_ok('backup', "$house->{dir}/broken.db");
$house->stop_worker;
unlink glob "$house->{database}*";
$house->admin_ok('restore', "$house->{dir}/copy.db");
$worker = $house->worker;
is(verify()->{exit}, 0, 'a backup is whole');
is(verify('--from', "10:$lines[7]{hash}")->{exit}, 1,
    'and found to be older than a head that was known');

# The log has the head of each start.
ok($house->log_says(qr/ audit seq=8 hash=$lines[7]{hash}$/m),
    'the head is in the log');

# Erasing a user, while others are served.
save($key{anna}, "a$_") for 1 .. 3;
save($key{bert}, 'b1');
my ($before) = map { "$_->{seq}:$_->{hash}" } map { decode($_) }
    (split /\n/, $house->admin_ok(qw(audit export)))[-1];
$done = $house->admin_ok(qw(user erase anna));
is($done, "erased: 1 keys, 3 integrations, 0 kept answers; 6 rows of the audit "
    . "were emptied\n", 'all that is a user is erased');
is($house->fcgi(key => $key{anna}, body => '{}')->{status}, 401,
    'with the key');
is(join(' ', map { $_->{created_by} } $house->integrations->@*), 'bert',
    'others are left');
is(actions(qw(--user anna)), '', 'no row is that user any more');
is(verify()->{exit}, 0, 'the chain is whole');
is(verify('--from', $before)->{exit}, 0, 'and goes on from before');
my @left = $house->rows("SELECT seq FROM audit WHERE subject LIKE '%anna%'");
is(scalar @left, 0, 'no row names the user');
is(scalar(grep { $_->{action} eq 'erase' } rows()->@*), 3,
    'and the erasure is in it');
$done = $house->admin_ok(qw(user erase anna));
like($done, qr/\Aerased: 0 keys, 0 integrations, 0 kept answers; 0 rows/,
    'again there is nothing to do');
is($house->admin(qw(user erase), '')->{exit}, 2, 'nobody is no user');
$house->admin_ok(qw(key create --user anna));
is(actions(qw(--user anna)), 'key_create', 'who comes back begins anew');
is(verify()->{exit}, 0, 'in the same chain');

# Of whom is erased no byte is left in the database's files, while the service
# has them open.
my $canary = 'canary' . join '', map { ('a' .. 'z')[rand 26] } 1 .. 20;
my $of = $house->admin_ok(qw(key create --user), "$canary-user", '--name',
    "$canary-key") =~ s/\n//r;
saved_ok($house->fcgi(key => $of, body => '{"name":"' . "$canary-$_"
    . '","integration_type":"jira","metadata":{"description":"' . $canary
    . '","more":"' . "$canary " x 500 . '"},"scope_data":{"org_slug":"'
    . "$canary\"}}", headers => ['Idempotency-Key', $_]), "one to erase")
    for 1 .. 5;
sub hits {
	my $bytes = join '', map { slurp($_) } glob "$house->{database}*";
	return scalar(() = $bytes =~ /$canary/g);
}
cmp_ok(hits(), '>', 2000, 'what is a user is in the files');
$done = $house->admin_ok(qw(user erase), "$canary-user");
is($done, "erased: 1 keys, 5 integrations, 5 kept answers; 6 rows of the audit "
    . "were emptied\n", 'it is erased');
is(hits(), 0, 'and not in them any more');

# Pruning: nothing is old; in forty days all of it is.
like($house->admin_ok(qw(audit prune)), qr/\A0 rows from before /,
    'nothing is old enough');
SKIP: {
	my ($faketime) = glob '/usr/lib/*/faketime/libfaketime.so.1';
	skip 'no libfaketime', 7 if !$faketime || slow() > 1;
	my $count = rows()->@*;
	$house->stop_worker;
	my $pruned = $house->admin(qw(audit prune --json), { env => {
	    LD_PRELOAD => $faketime, FAKETIME => '+40d' } });
	is(decode($pruned->{out})->{pruned}, $count, 'later all is')
	    || diag($pruned->{err});
	is(actions(), 'prune', 'an anchor is left');
	$worker = $house->worker;
	save($key{bert}, 'b2');
	my $told = decode(verify('--json')->{out});
	is_deeply([@$told{qw(rows first pruned_to erased findings)}], [2,
	    $count + 1, $count, 0, []], 'from where it is whole');
	my $from = verify('--from', $before);
	is($from->{exit}, 0, 'a head that was pruned is no finding');
	like($from->{err}, qr/was pruned/, 'but told');
	$house->tamper('DELETE FROM audit WHERE seq = ' . ($count + 1));
	is(verify()->{exit}, 1, 'an anchor that is missing is found');
}
$house->write_conf(%{ $house->{settings} }, audit_days => 0);
is($house->admin(qw(audit prune))->{exit}, 1,
    'where it is kept for ever it is not pruned');

finish();
