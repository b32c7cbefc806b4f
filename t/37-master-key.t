#!/usr/bin/perl
# Master keys: a new one while the service runs, the former one given up, what
# is refused, and a kill at every step of both.

use strict;
use warnings;
use Test::More;
use Strongroom;
use Strongroom::Json qw(decode);
use Strongroom::Proc qw(run);

my $house = house();
my $file = $house->{master_key};

sub fails {
	my ($exit, $like, $name, @args) = @_;
	my $ran = $house->admin('master-key', @args);
	is($ran->{exit}, $exit, "$name: exit $exit") || diag($ran->{err});
	is($ran->{out}, '', "$name: nothing on stdout");
	like($ran->{err}, $like, "$name: and why");
	return $ran;
}

sub status { decode($house->admin_ok(qw(master-key status --json))) }
sub active { (map { $_->{key_id} } grep { $_->{state} eq 'active' }
    @{ status() })[0] }
sub rotate { decode($house->admin_ok(qw(master-key rotate --json))) }
sub boxes { my ($id) = @_;
	(map { $_->{boxes} } grep { $_->{key_id} eq $id } @{ status() })[0] }

# Save under a name; what is in the box is known by it.
my %token;
my $serial = 0;
sub save_ok {
	my ($door, $name, $what) = @_;
	$serial++;
	my $auth = qq({"access_token":"$name-$serial"});
	my $data = saved_ok($house->$door(body => with_auth($auth,
	    qq("unique_identifier":"$name",))), $what);
	$token{$data->{integration_id}} = $auth;
	return $data->{integration_id};
}

sub all_open {
	my ($what) = @_;
	my @wrong = grep { $house->reveal($_) ne $token{$_} } sort keys %token;
	is("@wrong", '', "$what: every box opens and is the last one saved");
	is($house->admin('check')->{exit}, 0, "$what: check finds no fault");
}

my $first = active();
my @rows = @{ status() };
is(scalar @rows, 1, 'a fresh service has one master key');
like($first, qr/\A[89a-f][0-9a-f]{7}\z/, 'known by eight digits');
is_deeply([sort keys %{ $rows[0] }], [qw(boxes created_at in_file key_id state
    state_since)], 'status --json: the members');
my $worker = $house->worker;
my $key = $house->key;
save_ok('fcgi', "row-$_", "save $_") for 1 .. 5;
saved_ok($house->fcgi(body => '{"name":"n","integration_type":"jira"}'),
    'one without a box');
my $file_before = slurp($file);

# Rotation.
my $said = rotate();
my $second = active();
isnt($second, $first, 'rotate makes another key active');
is_deeply($said, { key_id => $second, resealed => 5, unopened => 0 },
    'and says which, and how many boxes were sealed anew');
is((stat $file)[2] & 07777, 0600, 'the key file is still 0600');
is(length slurp($file), length($file_before) + 36, 'and one key longer');
ok(!-e "$file.new", 'nothing is left beside it');
is_deeply([map { [@$_{qw(key_id state boxes)}] } @{ status() }],
    [[$first, 'old', 0], [$second, 'active', 5]], 'status shows both');
all_open('after a rotation');
save_ok('fcgi', 'row-1', 'the worker saves without a restart');
save_ok('fcgi', 'fcgi-new', 'and a new row');
save_ok('cgi', 'cgi-new', 'so does CGI');
is(boxes($first), 0, 'none of them under the former key');
is(boxes($second), 7, 'all under the new one');
like($house->admin_ok(qw(master-key status)),
    qr/^\Q$first\E\s+old.*^\Q$second\E\s+active/ms, 'status: a table');
like($house->admin('key', 'list')->{out}, qr/user_abc123/,
    'API keys are as they were');

# Refusals.
fails(1, qr/is active/, 'retiring the active key', 'retire', $second);
fails(3, qr/no master key/, 'retiring an unknown key', 'retire', 'ffffffff');
fails(3, qr/no master key/, 'retiring nonsense', 'retire', "x' OR 1=1--");
fails(3, qr/no master key/, 'retiring the root', 'retire', '00000000');
fails(2, qr/./, "'@$_'", @$_) for ['retire'], ['rotate', 'more'], ['more'];
mkdir "$file.new" or die $!;
my $at_first = slurp($file);
fails(1, qr/cannot be replaced/, 'a directory that takes no file', 'rotate');
is(slurp($file), $at_first, 'leaves the key file as it is');
is(active(), $second, 'and the active key');
rmdir "$file.new" or die $!;

# Giving the former key up.
my $with_both = slurp($file);
my $backup = "$house->{dir}/before.db";
$house->tamper("VACUUM INTO '$backup'");
like($house->admin(qw(master-key retire), $first)->{err}, qr/copy of the key/,
    'retire warns of older backups');
is(length slurp($file), length $file_before, 'the key has left the file');
is_deeply([map { [@$_{qw(key_id state)}, !!$_->{in_file}] } @{ status() }],
    [[$first, 'retired', !!0], [$second, 'active', !!1]], 'status shows it');
is($house->admin(qw(master-key retire), $first)->{exit}, 0,
    'retiring it again changes nothing');
save_ok('fcgi', 'row-2', 'the worker saves');
all_open('after retiring');
$house->stop_worker;
$house->worker;
save_ok('fcgi', 'row-3', 'and so does one that was started since');

# A backup from before opens with a copy of the key file from then alone.
my $old_conf = spew("$house->{dir}/old.conf", slurp($house->{conf})
    =~ s/^database = .*$/database = "$backup"/mr
    =~ s/^master_key_file = .*$/master_key_file = "$house->{dir}\/old.key"/mr);
spew("$house->{dir}/old.key", $file_before, 0600);
my @old = ('--config', $old_conf, 'check', { bare => 1 });
is($house->admin(@old)->{exit}, 65, 'a backup is refused with a key file that '
    . 'lacks a key of its time');
unlink "$house->{dir}/old.key";
spew("$house->{dir}/old.key", slurp($file), 0600);
is($house->admin(@old)->{exit}, 65, 'or with the current one');
unlink "$house->{dir}/old.key";
spew("$house->{dir}/old.key", $with_both, 0600);
is($house->admin(@old)->{exit}, 0, 'and opens with the copy from its time');

# An old copy of the key file in the place of the current one.
my $current = slurp($file);
rotate();
spew($file, $current, 0600);
my $ran = $house->cgi(body => '{}');
is($ran->{exit}, 65, 'a key file without the active key is refused at start');
my $running = $house->fcgi(body => with_auth('{"access_token":"x"}'));
is($running->{status}, 200, 'and a running worker has the key still');
is($house->admin('check')->{exit}, 65, 'the command line says so');
$house->stop_worker;

# A box that does not open stops no rotation and is not lost sight of.
$house = house(name => 'damaged');
%token = ();
save_ok('cgi', "row-$_", "save $_") for 1 .. 3;
my ($bad) = sort keys %token;
$house->tamper("UPDATE integrations SET auth_data = CAST(substr(auth_data, 1, "
    . "length(auth_data) - 1) || CASE hex(substr(auth_data, -1)) "
    . "WHEN '00' THEN x'01' ELSE x'00' END AS BLOB) WHERE integration_id = "
    . "'$bad'");
my $former = active();
$ran = $house->admin(qw(master-key rotate));
is($ran->{exit}, 1, 'a rotation with a damaged box fails');
like($ran->{err}, qr/\Q$bad\E does not open/, 'and names it');
is(boxes($former), 1, 'which stays under its key');
isnt(active(), $former, 'while all others have the new one');
# Its key is all that could ever open it.
my $with_former = slurp($house->{master_key});
for my $state (qw(old retired)) {
	$house->tamper("UPDATE master_keys SET state = '$state' WHERE "
	    . "printf('%08x', key_id) = '$former'");
	fails(1, qr/ 1 boxes are under master key $former: run strongroom /,
	    "retiring a key that is $state and has a box", 'retire', $former);
	is(slurp($house->{master_key}), $with_former, 'leaves the key file');
	is_deeply([map { [@$_{qw(state boxes)}] } grep {
	    $_->{key_id} eq $former } @{ status() }], [['old', 1]],
	    'and the key is an old one');
}
$former = active();
$house->admin(qw(master-key rotate));
isnt(active(), $former, 'and the next rotation is not held up by it');

# A kill at each step; the same command again completes it.
SKIP: {
	skip 'strace is not installed', 1 if !grep { -x "$_/strace" }
	    split /:/, $ENV{PATH};
	$house = house(name => 'killed');
	%token = ();
	$worker = $house->worker;
	save_ok('fcgi', "row-$_", "save $_") for 1 .. 4;
	my %asan = (ASAN_OPTIONS => 'detect_leaks=0');

	# Run under strace until the call is made for the Nth time.
	my $killed = sub {
		my ($call, $n, @args) = @_;
		my $ran = run(cmd => ['strace', '-f', '-qq', '-o', '/dev/null',
		    '-e', "trace=$call", '-e',
		    "inject=$call:signal=KILL:when=$n",
		    Strongroom::program('strongroom'), '--config',
		    $house->{conf}, @args],
		    env => { PATH => $ENV{PATH}, LC_ALL => 'C', %asan });
		die "strace: $ran->{err}" if $ran->{exit} !~ /\A(?:0|signal 9)\z/;
		return $ran->{exit} ne '0';
	};
	my $kills = 0;
	for my $call (qw(unlink fsync rename pwrite64 fdatasync)) {
		for my $n (1 .. 60) {
			last if !$killed->($call, $n, qw(master-key rotate));
			$kills++;
			my $keys = @{ status() };
			saved_ok($house->fcgi(body => with_auth('{}',
			    '"unique_identifier":"between",')),
			    "a save after a kill at $call $n");
			rotate();
			my @left = grep { $_->{state} ne 'active'
			    && $_->{boxes} } @{ status() };
			is(scalar @left, 0, 'and run again all is done');
			cmp_ok(scalar @{ status() }, '<=', $keys + 1,
			    'with one key more at most');
			ok(!-e "$house->{master_key}.new",
			    'and nothing left beside the file');
			# Keep the file short.
			$house->admin_ok(qw(master-key retire), $_->{key_id})
			    for grep { $_->{state} eq 'old' } @{ status() };
		}
	}
	cmp_ok($kills, '>=', 8, "rotate was killed $kills times");
	all_open('after all that');
	$kills = 0;
	for my $call (qw(fsync rename pwrite64 fdatasync)) {
		for my $n (1 .. 20) {
			my $was = active();
			rotate() while active() eq $was;
			last if !$killed->($call, $n, qw(master-key retire),
			    $was);
			$kills++;
			is($house->admin('check')->{exit}, 0,
			    "retire killed at $call $n: nothing is amiss");
			$house->admin_ok(qw(master-key retire), $was);
			my ($row) = grep { $_->{key_id} eq $was }
			    @{ status() };
			ok($row->{state} eq 'retired' && !$row->{in_file},
			    'and run again it is done');
		}
	}
	cmp_ok($kills, '>=', 4, "retire was killed $kills times");
	save_ok('fcgi', 'row-1', 'the worker has served through it');
	all_open('after all that');
}

finish();
