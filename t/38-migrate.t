#!/usr/bin/perl
# A database of every schema that was ever released, brought up to date: boxes
# open and keys work as before. And what is refused until then, and after.

use strict;
use warnings;
use Fcntl qw(:flock);
use MIME::Base64 qw(decode_base64);
use Test::More;
use Strongroom;
use Strongroom::Json qw(decode);
use Strongroom::Proc qw(run wait_until);

my $fixtures = Strongroom::source() . '/t/fixtures';
my ($newest) = sort { $b <=> $a } map { m{/0*(\d+)-[^/]*\z} }
    glob_of(Strongroom::source() . '/schema/sqlite');

# Glob patterns break on spaces; directory handles do not.
sub glob_of {
	my ($dir) = @_;
	opendir my $dh, $dir or die "$dir: $!";
	return map { "$dir/$_" } sort grep { !/\A\./ } readdir $dh;
}

# The database and key file of a schema, as they were left; its API keys.
sub lay_out {
	my ($version, $name) = @_;
	my $house = house(init => 0, name => $name // "schema $version");
	mkdir "$house->{dir}/$_" or die $! for qw(keys data);
	my $sql = slurp("$fixtures/schema-$version.sql");
	my $made = run(cmd => ['sqlite3', '-batch', $house->{database}],
	    env => { PATH => $ENV{PATH} }, stdin => $sql);
	die "sqlite3: $made->{err}" if $made->{exit} ne '0';
	chmod 0600, $house->{database} or die $!;
	spew($house->{master_key},
	    decode_base64(slurp("$fixtures/schema-$version.key.b64")), 0600);
	my %key = $sql =~ /^--\s+(?:API keys: )?(\w+(?:, revoked)?):? (\S{16,})$/mg;
	return ($house, \%key);
}

sub version_of {
	my ($house, $file) = @_;
	local $house->{database} = $file // $house->{database};
	return $house->tamper('PRAGMA user_version') + 0;
}

sub rows_of {
	my ($house, $file) = @_;
	local $house->{database} = $file // $house->{database};
	return $house->rows('SELECT integration_id, created_by, name, metadata, '
	    . 'unique_identifier, created_at, updated_at, scope_data, '
	    . 'hex(auth_data) AS box FROM integrations ORDER BY id');
}

# Rows that lack what comes out of their boxes.
sub unfilled {
	return ($_[0]->rows('SELECT count(*) AS n FROM integrations WHERE '
	    . 'auth_data IS NOT NULL AND auth_print IS NULL'))[0]{n};
}

sub backups { my ($house) = @_;
	grep { /strongroom\.db\.schema-/ } glob_of("$house->{dir}/data") }

my $save = '{"name":"n","integration_type":"jira"}';
my @versions = map { m{/schema-(\d+)\.sql\z} } glob_of($fixtures);
is("@versions", join(' ', 1 .. $newest - 1),
    'there is a database of each schema before this');

for my $version (@versions) {
	my ($house, $key) = lay_out($version);
	# A name twice, and an integer that SQLite has no type for.
	$house->tamper('UPDATE integrations SET scope_data = \'{"org_slug":1,'
	    . '"org_sl\u0075g":123456789012345678901234567890,'
	    . '"workspace_id":""}\' WHERE name = \'long\'');
	my @before = rows_of($house);

	# Before.
	for my $args (['check'], [qw(key list)], [qw(master-key rotate)]) {
		my $ran = $house->admin(@$args);
		is($ran->{exit}, 1, "schema $version: @$args is refused");
		like($ran->{err}, qr/run strongroom migrate/,
		    'and it is said what to do');
	}
	my $cgi = $house->cgi(key => $key->{alice}, body => $save);
	is($cgi->{exit}, 65, 'the worker does not start: exit 65');
	error_is($cgi, 500, 'Internal error', 'and its answer is a 500');
	like($cgi->{err}, qr/run strongroom migrate/, 'with a word in its log');
	is(version_of($house), $version, 'the schema is as it was');
	is_deeply([rows_of($house)], \@before, 'and so are the rows');

	# The migration, once nobody has the lock.
	open my $lock, '>', "$house->{database}.lock" or die "lock: $!";
	flock $lock, LOCK_EX or die "flock: $!";
	my $ran = $house->admin('migrate', { env => {
	    STRONGROOM_BUSY_TIMEOUT_MS => 100 } });
	is($ran->{exit}, 1, 'while another has the lock, migrate does nothing');
	like($ran->{err}, qr/lock was not had in 100 ms/, 'and says why');
	close $lock;
	unlink backups($house);
	$ran = $house->admin('migrate');
	is($ran->{exit}, 0, 'migrate') || diag($ran->{err});
	is(version_of($house), $newest, "it has schema $newest now");
	my @copies = backups($house);
	is(scalar @copies, 1, 'there is one copy beside it');
	like($ran->{err}, qr/\Q$copies[0]\E/, 'whose name is said');
	is((stat $copies[0])[2] & 07777, 0600, 'for the owner alone');
	is(version_of($house, $copies[0]), $version, 'with the schema of before');
	is_deeply([rows_of($house, $copies[0])], \@before, 'and all its rows');

	# After.
	my %scope = map { $_->{name} => "$_->{org}/$_->{workspace}" }
	    $house->rows("SELECT name, ifnull(org_slug, '-') AS org, "
	    . "ifnull(workspace_id, '-') AS workspace FROM integrations");
	is($scope{Production}, 'acme/-', 'lists find scope_data of before');
	is($scope{long}, '123456789012345678901234567890/-',
	    'as a save would have kept it');
	is($scope{empty}, '-/-', 'where there is any');
	is(unfilled($house), 0, 'what comes out of boxes is there');
	my $check = $house->admin('check');
	is($check->{exit}, 0, 'check finds no fault') || diag($check->{out});
	like($check->{out}, qr/^6 integrations, 5 boxes/m, 'and all rows');
	my %box = map { $_->{name} => $house->reveal($_->{integration_id}) }
	    @{ $house->integrations };
	is($box{Production}, '{"access_token":"token-1","n":1E400}',
	    'a box opens, byte for byte');
	is($box{'no box'}, 'null', 'no box is no box');
	is($box{'empty'}, '{}', 'an empty one is empty');
	is(length $box{long}, 3019, 'a long one is long');
	$house->worker;
	for my $owner (qw(alice bob carol)) {
		my $data = saved_ok($house->fcgi(key => $key->{$owner},
		    body => $save), "the key of $owner opens");
		is($data->{created_by}, $owner, 'for its user');
	}
	is($house->fcgi(key => $key->{'alice, revoked'},
	    body => $save)->{status}, 401, 'a revoked key stays revoked');
	my $again = saved_ok($house->fcgi(key => $key->{alice},
	    body => '{"name":"again","integration_type":"sentry",'
	    . '"unique_identifier":"prod"}'), 'saving again');
	is($again->{integration_id}, $before[0]{integration_id},
	    'finds the integration of before');
	$house->admin_ok(qw(master-key rotate));
	is($house->admin('check')->{exit}, 0, 'its master key can be changed');
	$ran = $house->admin('migrate');
	is($ran->{exit}, 0, 'migrate with nothing to do is success');
	like($ran->{err}, qr/already/, 'and says so');
	is(scalar backups($house), 1, 'it makes no copy');
}

# What is newer is left alone, by a worker that runs too.
my $house = house(name => 'newer');
my $worker = $house->worker;
saved_ok($house->fcgi(body => $save), 'a worker saves');
$house->tamper('PRAGMA user_version = ' . ($newest + 1));
# Whether it is the thread that saved before or one that opens the database
# only now.
error_is($house->fcgi(body => $save), 500, 'Database connection failed',
    "and does not once the schema is newer than it, request $_") for 1 .. 20;
ok($house->log_says(qr/restart the service/), 'the log says what to do');
my $ran = $house->admin('migrate');
is($ran->{exit}, 1, 'migrate refuses a newer schema');
like($ran->{err}, qr/newer than/, 'and says so');
is($house->cgi(body => $save)->{exit}, 65, 'a worker does not start: exit 65');
$house->tamper("PRAGMA user_version = $newest");
saved_ok($house->fcgi(body => $save), 'the worker saves again');
for my $nothing (['migrate', 'more'], ['migrate', '--user', 'u']) {
	is($house->admin(@$nothing)->{exit}, 2, "'@$nothing' is no command");
}

# A copy that cannot be made is no migration.
my $key;
($house, $key) = lay_out(1, 'no room');
my $limit = -s $house->{database};
$ran = run(cmd => ['prlimit', '--fsize=' . ($limit / 2),
    Strongroom::program('strongroom'), '--config', $house->{conf}, 'migrate'],
    env => { PATH => $ENV{PATH} });
isnt($ran->{exit}, 0, 'a disk without room for the copy');
is(version_of($house), 1, 'leaves the schema as it is');
is(scalar backups($house), 0, 'and no copy');
is($house->admin('migrate')->{exit}, 0, 'with room it is done');

# Killed at any write, it is the old one or the new one, and run again done.
SKIP: {
	skip 'strace is not installed', 1 if !grep { -x "$_/strace" }
	    split /:/, $ENV{PATH};
	my %seen;
	for my $call (qw(fsync renameat2 fdatasync pwrite64)) {
		for my $n (1 .. 40) {
			my ($house, $key) = lay_out(1, "$call $n");
			my $ran = run(cmd => ['strace', '-f', '-qq', '-o',
			    '/dev/null', '-e', "trace=$call", '-e',
			    "inject=$call:signal=KILL:when=$n",
			    Strongroom::program('strongroom'), '--config',
			    $house->{conf}, 'migrate'],
			    env => { PATH => $ENV{PATH}, LC_ALL => 'C',
			    ASAN_OPTIONS => 'detect_leaks=0' });
			last if $ran->{exit} eq '0';
			my $is = version_of($house);
			$seen{$is}++;
			my $again = $house->admin('migrate');
			is($again->{exit}, 0, "killed at $call $n with schema "
			    . "$is, and run again") || diag($again->{err});
			is(unfilled($house), 0, 'all is filled in');
			is($house->admin('check')->{exit}, 0,
			    'nothing is amiss');
		}
	}
	cmp_ok($seen{1} // 0, '>=', 3, 'kills have left the old schema');
}

finish();
