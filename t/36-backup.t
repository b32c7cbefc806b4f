#!/usr/bin/perl
# A backup of a database in use, and a database from it: what is in it, what
# is refused, and that a refusal leaves nothing behind.

use strict;
use warnings;
use Fcntl qw(:flock);
use File::Copy qw(copy);
use MIME::Base64 qw(decode_base64);
use Test::More;
use Strongroom;
use Strongroom::Json qw(decode);
use Strongroom::Proc qw(run);

my $house = house();
my $backup = "$house->{dir}/backup.db";
my $n = 0;

sub save {
	my ($name) = saved_ok($house->fcgi(body => with_auth(
	    '{"access_token":"token-' . ++$n . '"}',
	    "\"unique_identifier\":\"u$n\",")), "save $n");
}

sub files_of {
	my ($dir) = @_;
	opendir my $dh, $dir or return ();
	return sort grep { !/\A\.\.?\z/ } readdir $dh;
}

# Run the command line on another database, and perhaps another key file.
sub elsewhere {
	my ($database, @args) = @_;
	my $o = ref $args[-1] ? pop @args : {};
	return $house->admin(@args, { env => {
	    STRONGROOM_DATABASE => $database,
	    STRONGROOM_MASTER_KEY_FILE => $o->{key} // $house->{master_key} }});
}

# -- backup

$house->worker;
my $plain = saved_ok($house->fcgi(json => { name => 'no box',
    integration_type => 'jira' }), 'a save without a box');
my @saved = map { save() } 1 .. 3;
my $ran = $house->admin('backup', $backup);
is($ran->{exit}, 0, 'backup while the worker runs') || diag($ran->{err});
is($ran->{err}, '', 'without a complaint');
my $key_id = unpack 'H8', substr slurp($house->{master_key}), 48, 4;
is($ran->{out}, "backup $backup: 3 boxes\nMASTER KEY  BOXES\n$key_id    3\n",
    'which says how many boxes there are under which master key');
is((stat $backup)[2] & 07777, 0600, 'a backup is for its owner alone');
is_deeply([grep { /backup/ } files_of($house->{dir})], ['backup.db'],
    'and is one file');
save();
my $before = slurp($backup);
is(elsewhere($backup, 'check')->{out},
    "4 integrations, 3 boxes, 0 faults\n", 'all its boxes open');
is_deeply([map { $_->{integration_id} } @{ decode(elsewhere($backup,
    qw(integration list --json))->{out}) }],
    [map { $_->{integration_id} } $plain, @saved],
    'it has what was saved before it, and nothing that came behind');
is(slurp($backup), $before, 'looking at it changes nothing');
is_deeply([grep { /backup/ } files_of($house->{dir})], ['backup.db'],
    'and leaves nothing beside it');

$ran = $house->admin('backup', $backup);
is($ran->{exit}, 1, 'backup to what exists: exit 1');
like($ran->{err}, qr/\Q$backup\E exists and is left alone/, 'says so');
is(slurp($backup), $before, 'and leaves it alone');
is($house->admin('backup', $house->{database})->{exit}, 1,
    'the database itself is no place for a backup');
$ran = $house->admin('backup', "$house->{dir}/none/backup.db");
is($ran->{exit}, 1, 'backup to a directory that is not there: exit 1');
like($ran->{err}, qr{\Q$house->{dir}\E/none/backup\.db cannot be made},
    'names it');
is_deeply(decode($house->admin_ok('backup', '--json',
    "$house->{dir}/json.db")), { backup => "$house->{dir}/json.db",
    boxes => 4, master_keys => [{ key_id => $key_id, boxes => 4 }] },
    'backup --json');
my $keyless = $house->admin('backup', "$house->{dir}/keyless.db",
    { env => { STRONGROOM_MASTER_KEY_FILE => '/nonexistent/key' } });
is($keyless->{exit}, 0, 'a backup needs no key file');
is($house->admin('backup')->{exit}, 2, 'a backup without a name: usage');

# -- to standard output

my @in_data = files_of("$house->{dir}/data");
$ran = $house->admin('backup', '-');
is("$ran->{exit} $ran->{err}", '0 ', 'backup to standard output');
my $stream = spew("$house->{dir}/stream.db", $ran->{out}, 0600);
is(elsewhere($stream, 'check')->{out}, "5 integrations, 4 boxes, 0 faults\n",
    'is a database, whole, and nothing else');
is(unpack('x18 n', $ran->{out}), 0x0101, 'which needs no log beside it');
is(elsewhere("$house->{dir}/streamed/x.db", 'restore', $stream)->{exit}, 0,
    'and can be restored');
is_deeply([files_of("$house->{dir}/data")], \@in_data,
    'nothing is left beside the database');
ok(!-e "$stream-$_", "nor beside the copy: no -$_") for qw(wal journal);

# What it is copied to in between has no name, so a kill leaves nothing.
saved_ok($house->fcgi(body => with_auth('{"x":"' . 'x' x 900_000 . '"}')),
    'a row that fills a pipe');
@in_data = files_of("$house->{dir}/data");
pipe my $from, my $to or die "pipe: $!";
my $pid = Strongroom::Proc::start(cmd => [program('strongroom'), '--config',
    $house->{conf}, 'backup', '-'], env => Strongroom::clean_env(),
    stdout => $to);
close $to;
sysread $from, my $first, 16;
is($first, "SQLite format 3\0", 'while it is read');
is_deeply([files_of("$house->{dir}/data")], \@in_data,
    'no file of it is to be seen');
is(scalar(grep { /\.copy\.\w+ \(deleted\)\z/ } map { readlink($_) // '' }
    glob "/proc/$pid/fd/*"), 1, 'it is there all the same');
saved_ok($house->fcgi(body => with_auth('{"x":"y"}',
    '"unique_identifier":"meanwhile",')), 'a save meanwhile');
is(Strongroom::Proc::stop($pid, signal => 'KILL')->{exit}, 'signal 9',
    'killed');
is_deeply([files_of("$house->{dir}/data")], \@in_data, 'it leaves nothing');
close $from;

is($house->admin('backup', '-', '--json')->{exit}, 2,
    'there is no room for --json: usage');
SKIP: {
	skip 'there is no script(1)', 2 if !-x '/usr/bin/script';
	for my $words ("backup -", "export --recipient srpub_x") {
		my $done = run(cmd => ['script', '-qec', "'"
		    . program('strongroom') . "' --config '$house->{conf}' "
		    . $words, '/dev/null'], env => Strongroom::clean_env());
		is($done->{exit}, 2, "$words: to a terminal: usage")
		    || diag($done->{out});
		unlike($done->{out}, qr/SQLite format/, 'which it does not get');
	}
}
$house->tamper("DELETE FROM integrations WHERE unique_identifier = "
    . "'meanwhile' OR length(auth_data) > 100000");
is($house->stop_worker->{exit}, 0, 'the worker stops');

# -- restore

my $data = "$house->{dir}/data2";
my $db = "$data/strongroom.db";
my $key = "$house->{dir}/copy.key";
spew($key, slurp($house->{master_key}), 0600);
$ran = elsewhere($db, 'restore', $backup, { key => $key });
is($ran->{exit}, 0, 'restore with a copy of the key file')
    || diag($ran->{err});
is($ran->{out}, "database $db: 3 boxes\nMASTER KEY  BOXES\n$key_id    3\n",
    'says what is in it');
is((stat $db)[2] & 07777, 0600, 'the database is for its owner alone');
is(slurp($backup), $before, 'the backup is as it was');
is(elsewhere($db, 'check')->{out}, "4 integrations, 3 boxes, 0 faults\n",
    'all boxes open');
is(elsewhere($db, 'integration', 'reveal', $saved[1]{integration_id})->{out},
    '{"access_token":"token-2"}', 'and hold what was sent');
my $cgi = saved_ok($house->cgi(body => '{"name":"n","integration_type":'
    . '"jira"}', env => { STRONGROOM_DATABASE => $db }),
    'an API key of before opens there');
is(elsewhere($db, 'check')->{out}, "5 integrations, 3 boxes, 0 faults\n",
    'and a save is in it');
is_deeply(decode($house->admin_ok('restore', '--json', $backup, '--to',
    "$house->{dir}/data3/to.db")), { database => "$house->{dir}/data3/to.db",
    boxes => 3, master_keys => [{ key_id => $key_id, boxes => 3 }] },
    'restore --to another path, --json');

# A copy of the stopped service's files is a backup too.
mkdir "$house->{dir}/cp" or die $!;
$house->admin_ok(qw(key create --user late));	# in the log alone
copy("$house->{database}$_", "$house->{dir}/cp/x.db$_") or die $!
    for '', '-wal';
$house->admin_ok('restore', "$house->{dir}/cp/x.db", '--to',
    "$house->{dir}/cp/y.db");
like(elsewhere("$house->{dir}/cp/y.db", qw(key list))->{out}, qr/\blate\b/,
    'a database that was copied with its log is restored with it');

# -- what is refused, and leaves nothing

my $other = house(name => 'other');
my $odd = "$house->{dir}/odd.db";
my $tampered = sub {
	my ($sql) = @_;
	spew($odd, $before);
	my $got = run(cmd => ['sqlite3', $odd, $sql]);
	die $got->{err} if $got->{exit} ne '0' || $got->{err};
	return $odd;
};
my $bent = $before;
substr($bent, $_ * 4096 + 100, 3000) = "\xff" x 3000
    for 2 .. length($before) / 4096 - 1;
$ran = elsewhere(spew($odd, $bent), 'backup', '-');
is("$ran->{exit} $ran->{out}", '1 ',
    'of a damaged database not a byte goes to standard output');
like($ran->{err}, qr/is damaged|malformed/, 'and it is told');
unlink glob "'$odd'*";
my @refusals = (
	['with the key file of another service', 65,
	    qr/key file \S+ is not the one that backup \S+ was sealed with/,
	    sub { $backup }, $other->{master_key}],
	['without a key file', 77, qr/key file \S+ refused: it is missing/,
	    sub { $backup }, "$house->{dir}/none.key"],
	['of a box under an unknown key', 65, qr/1 boxes of the backup are un/,
	    sub { $tampered->("UPDATE integrations SET auth_data = CAST("
	    . "x'01ffffffff' || substr(auth_data, 6) AS BLOB) WHERE "
	    . "unique_identifier = 'u2'") }],
	['of a newer schema', 1, qr/install the newer strongroom/,
	    sub { $tampered->('PRAGMA user_version = 99') }],
	['of a damaged file', 1, qr/damaged|malformed/,
	    sub { spew($odd, $bent) }],
	['of half a file', 1, qr/\Q$odd\E/,
	    sub { spew($odd, substr $before, 0, length($before) / 2) }],
	['of something else', 1, qr/\Q$odd\E/,
	    sub { spew($odd, "no database\n" x 1000) }],
	['of an empty file', 1, qr/\Q$odd\E/, sub { spew($odd, '') }],
	['of what is not there', 1, qr/none\.db cannot be read by user/,
	    sub { "$house->{dir}/none.db" }],
);
for my $refusal (@refusals) {
	my ($name, $exit, $says, $file, $with) = @$refusal;
	$ran = elsewhere("$house->{dir}/empty/x.db", 'restore', $file->(),
	    { key => $with // $key });
	is($ran->{exit}, $exit, "restore $name: exit $exit")
	    || diag($ran->{err});
	is($ran->{out}, '', "restore $name: nothing on stdout");
	like($ran->{err}, $says, "restore $name: the reason");
	is_deeply([files_of("$house->{dir}/empty")], [],
	    "restore $name: nothing is made");
}

# A backup of an older release: a copy of it is migrated first.
my $old = "$house->{dir}/old";
mkdir $old or die $!;
spew("$old/key", decode_base64(slurp(source() . '/t/fixtures/schema-1.key.b64')),
    0600);
is(run(cmd => ['sqlite3', "$old/old.db"], stdin => slurp(source()
    . '/t/fixtures/schema-1.sql'))->{exit}, 0, 'a backup of schema 1');
my $bytes = slurp("$old/old.db");
$ran = elsewhere("$old/new.db", 'restore', "$old/old.db",
    { key => "$old/key" });
is($ran->{exit}, 1, 'is not restored as it is');
like($ran->{err}, qr/STRONGROOM_DATABASE=COPY strongroom migrate/,
    'and it is said what to do');
is(slurp("$old/old.db"), $bytes, 'it stays as it is');
ok(!-e "$old/new.db", 'and nothing is made');
copy("$old/old.db", "$old/copy.db") or die $!;
my $o = { key => "$old/key" };
is(elsewhere("$old/copy.db", 'migrate', $o)->{exit}, 0,
    'a copy is brought up to date');
is(elsewhere("$old/new.db", 'restore', "$old/copy.db", $o)->{exit}, 0,
    'and is restored');
like(elsewhere("$old/new.db", 'check', $o)->{out}, qr/, 0 faults\n\z/,
    'whole, and all boxes open');

$ran = $house->admin('restore', $backup);
is($ran->{exit}, 1, 'restore where a database is: exit 1');
like($ran->{err}, qr/\Q$house->{database}\E is there already/, 'says so');
is(@{ $house->integrations }, 5, 'and the database is as it was');
mkdir "$house->{dir}/left" or die $!;
for my $end (qw(-wal -shm -journal)) {
	my $left = spew("$house->{dir}/left/x.db$end", 'old');
	$ran = elsewhere("$house->{dir}/left/x.db", 'restore', $backup);
	is($ran->{exit}, 1, "restore beside a $end that was left: exit 1");
	like($ran->{err}, qr/\Q$left\E is there already/, 'names it');
	is_deeply([files_of("$house->{dir}/left")], ["x.db$end"],
	    'and nothing is made');
	unlink $left or die $!;
}
open my $lock, '>', "$house->{dir}/left/x.db.lock" or die $!;
flock $lock, LOCK_EX or die $!;
$ran = elsewhere("$house->{dir}/left/x.db", 'restore', $backup);
is($ran->{exit}, 1, 'restore while another has the lock: exit 1');
like($ran->{err}, qr/another process works on \S+: stop the service/,
    'says so');
is_deeply([files_of("$house->{dir}/left")], ['x.db.lock'],
    'and nothing is made');
close $lock;
is(elsewhere("$house->{dir}/left/x.db", 'restore', $backup)->{exit}, 0,
    'when it is free again it is restored');

# A worker that was left running on the database that is gone acknowledges
# nothing that the restored one does not hold.
$house->worker;
save();
mkdir "$house->{dir}/away" or die $!;
rename "$house->{database}$_", "$house->{dir}/away/db$_" or die $!
    for '', '-wal', '-shm';
$house->admin_ok('restore', $backup);
for (1 .. 3) {
	error_is($house->fcgi(body => with_auth('{"access_token":"lost"}')),
	    500, 'Database connection failed',
	    'a worker of before the restore answers 500');
}
is($house->stop_worker->{exit}, 0, 'it stops in order');
$house->worker;
save();
is($house->admin_ok('check'), "5 integrations, 4 boxes, 0 faults\n",
    'a new one serves what was restored');
is($house->stop_worker->{exit}, 0, 'and stops');

# Root does it as the owner of the data directory.
SKIP: {
	skip 'needs root', 7 if $> != 0;
	my $uid = 65534;
	chmod 0755, $house->{top}, $house->{dir};
	my %dir = map { $_ => "$house->{dir}/$_" } qw(theirs ours);
	mkdir $_, 0700 or die $! for values %dir;
	spew("$dir{theirs}/master.key", slurp($key), 0600);
	chown $uid, $uid, $dir{theirs}, "$dir{theirs}/master.key";
	spew("$dir{ours}/backup.db", $before, 0600);
	my $to = "$dir{theirs}/strongroom.db";
	my $o = { key => "$dir{theirs}/master.key" };
	$ran = elsewhere($to, 'restore', "$dir{ours}/backup.db", $o);
	is($ran->{exit}, 1, 'a backup that the owner cannot read: exit 1');
	like($ran->{err}, qr/cannot be read by user $uid, the owner of/,
	    'says who cannot');
	chmod 0755, $dir{ours} or die $!;
	chown $uid, $uid, "$dir{ours}/backup.db" or die $!;
	chmod 0400, "$dir{ours}/backup.db" or die $!;
	is(elsewhere($to, 'restore', "$dir{ours}/backup.db", $o)->{exit}, 0,
	    'one that he can read, and cannot write to, is restored');
	is(join(' ', grep { (stat "$dir{theirs}/$_")[4] != $uid }
	    files_of($dir{theirs})), '', 'and all that was made is his');
	$ran = elsewhere($to, 'backup', "$dir{ours}/new.db", $o);
	is($ran->{exit}, 1, 'a backup to where he may not write: exit 1');
	like($ran->{err}, qr/new\.db cannot be made by user $uid/,
	    'says who may not');
	elsewhere($to, 'backup', "$dir{theirs}/new.db", $o);
	is((stat "$dir{theirs}/new.db")[4], $uid, 'a backup of his is his');
}

finish();
