#!/usr/bin/perl
# What comes out of boxes, expires_at and fingerprints, of rows that an older
# schema has left: filled in by migrate, or by a worker beside what it serves;
# broken off anywhere it is gone on with; and nothing else about a row changes.

use strict;
use warnings;
use MIME::Base64 qw(decode_base64);
use Test::More;
use Strongroom;
use Strongroom::Json qw(decode);
use Strongroom::Proc qw(run reap running wait_until);

use constant ROWS => 6000;

my $fixtures = source() . '/t/fixtures';

sub left {
	my ($house) = @_;
	return ($house->rows('SELECT count(*) AS n FROM integrations WHERE '
	    . 'auth_data IS NOT NULL AND auth_print IS NULL'))[0]{n};
}

sub places { map { "$_->{after}/$_->{last}" }
    $_[0]->rows('SELECT after, last FROM backfill') }

# All that is not to change.
sub rest {
	my ($house) = @_;
	return [$house->rows('SELECT id, integration_id, revision, updated_at, '
	    . 'name, metadata, hex(auth_data) AS box FROM integrations '
	    . 'ORDER BY id'), $house->rows('SELECT * FROM reveals'),
	    $house->rows('SELECT seq, action FROM audit ORDER BY seq')];
}

# -- a database of an older schema

# As a migration leaves it that has no key file.
sub migrated {
	my ($name) = @_;
	my $house = house(init => 0, name => $name);
	mkdir "$house->{dir}/$_" or die $! for qw(keys data);
	my $made = run(cmd => ['sqlite3', '-batch', $house->{database}],
	    env => { PATH => $ENV{PATH} },
	    stdin => slurp("$fixtures/schema-2.sql"));
	die "sqlite3: $made->{err}" if $made->{exit} ne '0';
	chmod 0600, $house->{database} or die $!;
	my $ran = $house->admin('migrate');
	is($ran->{exit}, 77, "$name: without the key file migrate says so")
	    || diag($ran->{err});
	like($ran->{err}, qr/not all computed: the service goes on/,
	    'and who goes on');
	spew($house->{master_key},
	    decode_base64(slurp("$fixtures/schema-2.key.b64")), 0600);
	is(left($house), 5, 'nothing was computed');
	# What none of those rows has.
	return $house;
}

my $house = migrated('by the worker');
my $rest = rest($house);
$house->worker;
ok(wait_until(60, sub { left($house) == 0 && !places($house) }),
    'a worker fills in what is missing') || diag(left($house));
ok($house->log_says(qr/fingerprints of 5 integrations are computed/),
    'and says so');
is_deeply(rest($house), $rest, 'and changes nothing else');
is($house->admin('check')->{exit}, 0, 'check finds no fault');

# It is what a save makes of the same.
my $prints = sub { map { ($_->{unique_identifier} . ' ' . $_->{created_by} =>
    $_->{print}) } $house->rows('SELECT unique_identifier, created_by, '
    . 'hex(auth_print) AS print FROM integrations') };
my %before = $prints->();
my $prod = ($house->rows("SELECT integration_id FROM integrations WHERE "
    . "unique_identifier = 'prod' AND created_by = 'alice'"))[0];
my $alice = $house->admin_ok(qw(key create --user alice --scopes),
    'save,read,verify') =~ s/\n//r;
my $read = sub {
	decode($house->fcgi(method => 'GET', body => '', type => undef,
	    path => SAVE =~ s{save\z}{$prod->{integration_id}}r,
	    key => $alice)->{body})->{data};
};
my $fingerprint = $read->()->{auth}{fingerprint};
like($fingerprint, qr/\A[0-9a-f]{16}\z/, 'there is a fingerprint');
saved_ok($house->fcgi(key => $alice, body => '{"name":"Production",'
    . '"integration_type":"sentry","unique_identifier":"prod","auth_data":'
    . $house->reveal($prod->{integration_id}) . '}'), 'saved again');
is($read->()->{auth}{fingerprint}, $fingerprint,
    'the same secret has the same one');
is_deeply({ $prints->() }, \%before, 'in the database too');
$house->stop_worker;

$house = migrated('by migrate');
$rest = rest($house);
my $ran = $house->admin('migrate');
is($ran->{exit}, 0, 'migrate, run again, fills in what is missing');
like($ran->{err}, qr/has schema 3 already.*fingerprints of 5 integrations/s,
    'and says so');
is(left($house) . places($house), '00', 'all of it');
is_deeply(rest($house), $rest, 'and changes nothing else');
unlike($house->admin('migrate')->{err}, qr/fingerprints/,
    'then there is nothing to do');

# -- many rows

sub filled {
	my ($name, $rows) = @_;
	my $house = house(name => $name, conf => { log_level => 'info' });
	my $ran = run(cmd => [program('t/faults/rows'), $house->{conf}, $rows,
	    100], env => { PATH => $ENV{PATH} });
	is($ran->{exit}, 0, "$rows rows") || diag($ran->{err});
	return $house;
}

my $many = filled('many', ROWS);

# As the migration would have found them.
sub unfill {
	my ($house) = @_;
	$house->tamper('UPDATE integrations SET auth_print = NULL, expires_at '
	    . '= NULL; DELETE FROM backfill; INSERT INTO backfill SELECT 0, '
	    . 'max(id) FROM integrations');
}

# What is filled in is what is before the place, and nothing behind it.
sub is_whole {
	my ($house, $name) = @_;
	my ($at) = $house->rows('SELECT (SELECT after FROM backfill) AS after, '
	    . '(SELECT max(id) FROM integrations WHERE auth_print IS NOT NULL) '
	    . 'AS filled, (SELECT min(id) FROM integrations WHERE auth_print '
	    . 'IS NULL) AS empty');
	ok($at->{filled} == $at->{after} && $at->{empty} == $at->{after} + 1,
	    "$name: what was done is whole, up to $at->{after}")
	    || diag(explain($at));
	return $at->{after};
}

unfill($many);
$rest = rest($many);
my $done = 0;
for my $way (qw(KILL TERM)) {
	my $worker = $many->worker;
	ok(wait_until(60, sub { left($many) < ROWS - $done }),
	    "SIG$way: the worker has begun");
	kill $way, $worker->{pid} or die "kill: $!";
	$worker->{stopped} = 1;
	my $exit = reap($worker->{pid}, 60);
	is($exit, 0, 'the stop waits for no more than it has begun')
	    if $way eq 'TERM';
	unlike(slurp($worker->{log}), qr/are computed/,
	    'it is broken off on the way');
	cmp_ok(left($many), '>', 0, 'there is something left');
	my $upto = is_whole($many, "SIG$way");
	cmp_ok($upto, '>', $done, 'and more is done than before');
	$done = $upto;
}
$many->worker;
# Meanwhile it serves.
my $saves = 0;
ok(wait_until(120, sub {
	$saves += $many->fcgi(body => '{"name":"n","integration_type":"jira",'
	    . '"unique_identifier":"u","auth_data":{"access_token":"t"}}')
	    ->{status} == 200 for 1 .. 5;
	left($many) == 0;
}), 'the next goes on to the end');
cmp_ok($saves, '>', 0, "while it serves: $saves saves");
ok($many->log_says(qr/fingerprints of (\d+) integrations are computed/)
    && slurp($many->{worker}{log}) =~ /fingerprints of (\d+) integrations/
    && $1 == ROWS - $done, 'and does none again: ' . (ROWS - $done));
is(scalar(places($many)), 0, 'nothing is left to be done');
is($many->stop_worker->{exit}, 0, 'the worker ends');
my @now = grep { !defined $_->{seq} && $_->{name} ne 'n' } @{ rest($many) };
my @was = grep { !defined $_->{seq} } @$rest;
is_deeply(\@now, \@was, 'and nothing else has changed');
is(($many->rows("SELECT count(*) AS n FROM audit WHERE action <> 'save' AND "
    . "action <> 'key_create'"))[0]{n}, 0, 'nor is it in the audit');

# Killed at a commit, migrate leaves a whole batch or none of it.
SKIP: {
	skip 'strace is not installed', 1 if !grep { -x "$_/strace" }
	    split /:/, $ENV{PATH};
	my (%seen, $writes);
	my $trace = "$many->{dir}/trace";
	my $migrate = sub {
		unfill($many);
		return run(cmd => ['strace', '-f', '-qq', '-o', $trace, '-e',
		    'trace=pwrite64', @_, program('strongroom'),
		    '--config', $many->{conf}, 'migrate'],
		    env => { PATH => $ENV{PATH}, LC_ALL => 'C',
			ASAN_OPTIONS => 'detect_leaks=0' })->{exit};
	};
	is($migrate->(), 0, 'migrate, watched');
	$writes = () = slurp($trace) =~ /^\d+ +pwrite64\(/mg;
	for my $n (map { int $writes * $_ / 10 } 3, 5, 7, 9) {
		is($migrate->('-e', "inject=pwrite64:signal=KILL:"
		    . "when=$n"), 'signal 9', "killed at write $n of $writes");
		$seen{is_whole($many, "killed at write $n")}++
		    if left($many) < ROWS;
	}
	cmp_ok(scalar(keys %seen), '>', 1, 'kills have left several states');
	is($many->admin('migrate')->{exit}, 0, 'run again it is done');
	is(left($many), 0, 'whole');
}

# -- a box that does not open

my $few = filled('few', 120);
unfill($few);
$few->tamper('UPDATE integrations SET auth_data = (SELECT auth_data FROM '
    . 'integrations WHERE id = 1) WHERE id = 2');
my $odd = ($few->rows('SELECT integration_id FROM integrations WHERE id = 2'))
    [0]{integration_id};
$few->worker;
ok(wait_until(120, sub { !places($few) }), 'beside a box that does not open');
is(left($few), 1, 'all others are filled in');
ok($few->log_says(qr/\Q$odd\E does not open/), 'which is told');
my @told = grep { /\Q$odd\E does not open/ } $few->log_lines;
is(scalar @told, 1, 'once');
$few->stop_worker;
$few->worker;
ok($few->log_says(qr/ serves, /), 'another worker');
saved_ok($few->fcgi(body => '{"name":"n","integration_type":"jira"}'));
$few->stop_worker;
is(scalar(grep { /does not open/ } $few->log_lines), 0,
    'tells nothing of it any more');

finish();
