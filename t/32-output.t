#!/usr/bin/perl
# What a command prints and cannot: a full disk, a reader that has gone, no
# standard output at all. It is no success, it is said, and no key is left that
# nobody has seen.

use strict;
use warnings;
use Fcntl qw(:flock O_NONBLOCK F_GETFL F_SETFL);
use Test::More;
use Strongroom;
use Strongroom::Json qw(decode);
use Strongroom::Proc qw(run start reap wait_until);

my $house = house(conf => { busy_timeout_ms => 300 });
my $n = 0;

# Run with standard output as the shell makes it: '>/dev/full', '>&-'.
sub by_shell {
	my ($to, $words, %o) = @_;
	return run(cmd => ['/bin/sh', '-c', "exec \"\$@\" $to", 'sh',
	    program('strongroom'), '--config', $house->{conf}, @$words],
	    env => Strongroom::clean_env(), stdin => $o{stdin});
}

# Run with a pipe whose reader has gone.
sub to_nobody {
	my ($words, %o) = @_;
	pipe my $from, my $to or die "pipe: $!";
	close $from;
	my $err = "$house->{dir}/err." . ++$n;
	my $in = spew("$house->{dir}/in.$n", $o{stdin} // '');
	my $pid = start(cmd => [program('strongroom'), '--config',
	    $house->{conf}, @$words], env => Strongroom::clean_env(),
	    stdin => $in, stdout => $to, stderr => $err);
	close $to;
	my $status = reap($pid, 60) // -1;
	return { exit => $status & 127 ? 'signal ' . ($status & 127)
	    : $status >> 8, err => slurp($err) };
}

sub live_keys {
	return join ' ', map { $_->{public_id} } grep { !$_->{revoked_at} }
	    @{ decode($house->admin_ok(qw(key list --json))) };
}

my $key = $house->key;
my $id = saved_ok($house->cgi(body => with_auth('{"access_token":"t"}')),
    'a save')->{integration_id};
my $public = $house->admin_ok('recipient', 'create',
    "$house->{dir}/recipient") =~ s/\s+\z//r;
my $backup = "$house->{dir}/backup.db";
$house->admin_ok('backup', $backup);

# -- every command: its words, %n for a number of its own, and what it reads

my @commands = ('--help', 'version', 'version --json', 'key list',
    'key list --json', 'integration list', 'integration list --json',
    "integration show $id", "integration show $id --json",
    "integration reveal $id", "integration reveal $id --json", 'check',
    'check --json', 'master-key status', 'master-key status --json',
    'doctor', 'doctor --json', 'export --in-clear',
    "export --recipient $public", "backup $house->{dir}/copy.%n",
    "backup --json $house->{dir}/copy.%n", 'backup -',
    "restore $backup --to $house->{dir}/new.%n/x.db",
    "restore --json $backup --to $house->{dir}/new.%n/x.db",
    'master-key rotate', 'master-key rotate --json', 'key create --user u',
    "recipient create $house->{dir}/recipient.%n",
    ["integration edit $id", '{"name":"%n"}'],
    ["integration edit $id --json", '{"name":"%n"}'],
    ['key import --user u', 'an-old-key-of-another-system-%n'],
    map { [$_, '{"name":"x","integration_type":"jira","created_by":"b",'
    . '"unique_identifier":"i%n"}'] } 'import', 'import --json');

for my $case (['/dev/full', sub { by_shell('>/dev/full', @_) },
    qr/No space left on device/], ['nobody', \&to_nobody, qr/Broken pipe/],
    ['a closed standard output', sub { by_shell('>&-', @_) },
    qr/Bad file descriptor/]) {
	my ($where, $print_to, $why) = @$case;
	for my $command (@commands) {
		my ($words, $stdin) = map { s/%n/++$n/er }
		    ref $command ? @$command : ($command, '');
		my $name = ($words =~ s/ (?:\S+-){4}\S+| srpub_\S+| \/\S+//gr)
		    . " to $where";
		my $ran = $print_to->([split ' ', $words], stdin => $stdin);
		is($ran->{exit}, 1, "$name: exit 1");
		like($ran->{err}, qr/^\S+ error .*cannot be .* whole: $why/m,
		    "$name: and a word, with the reason");
		unlike($ran->{err}, qr/^\d+ integrations/m,
		    "$name: none of success");
	}
}
for my $option ('--help', '--version') {
	is(run(cmd => ['/bin/sh', '-c', 'exec "$0" "$1" >/dev/full',
	    program('strongroom.fcgi'), $option], env =>
	    Strongroom::clean_env())->{exit}, 71,
	    "strongroom.fcgi $option to a full disk: exit 71");
}

# A file server that says only at the end that there was no room.
SKIP: {
	skip 'a sanitizer is in the way', 4 if slow() > 1;
	my $late = "$house->{dir}/late.so";
	my $made = run(cmd => ['cc', '-shared', '-fPIC', '-x', 'c', '-o',
	    $late, '-'], env => Strongroom::clean_env(), stdin => <<'C');
#define _GNU_SOURCE
#include <errno.h>
#include <sys/syscall.h>
#include <unistd.h>
static int copy = -1;
int dup(int fd)
{
	return (copy = (int)syscall(SYS_dup, fd));
}
int close(int fd)
{
	int rc = (int)syscall(SYS_close, fd);
	if (fd != copy || fd == -1)
		return (rc);
	copy = -1;
	errno = EDQUOT;
	return (-1);
}
C
	skip 'no compiler', 4 if $made->{exit} ne '0';
	for my $words ([qw(key list)], [qw(export --in-clear)]) {
		my $ran = $house->admin(@$words, { env => {
		    LD_PRELOAD => $late } });
		is($ran->{exit}, 1, "@$words: a failed close: exit 1");
		like($ran->{err}, qr/whole: Disk quota exceeded$/m,
		    'and a word');
	}
}

# With no standard output nothing else is taken for it.
unlike(join('', map { slurp($_) } glob("'$house->{dir}'/data/*.lock"),
    glob("'$house->{dir}'/keys/*")), qr/srk_|usage:|integrations|"public_id"/,
    'nothing is printed into another file');
is(by_shell('<&-', ['import'])->{exit}, 1, 'no standard input is no input');
is(by_shell('2>&-', [qw(key list)])->{exit}, 0,
    'no standard error is no fault');
is(by_shell('>&-', [qw(key revoke nonsense)])->{exit}, 3,
    'what prints nothing needs no standard output');

# -- keys

my %was = map { $_ => 1 } split ' ', live_keys();
for my $case (['a full disk', by_shell('>/dev/full', [qw(key create --user u)])],
    ['nobody', to_nobody([qw(key create --user u)])],
    ['a closed standard output', by_shell('>&-', [qw(key create --user u)])]) {
	my ($where, $ran) = @$case;
	my ($new) = $ran->{err} =~ /key (\w{8}) could not be shown/;
	ok(defined $new, "a key to $where is told by its public id")
	    || diag($ran->{err});
	like($ran->{err}, qr/is revoked again/, 'and that it is revoked again');
	is(scalar(grep { !$was{$_} } split ' ', live_keys()), 0,
	    'which it is');
	ok(grep({ $_->{public_id} eq $new && $_->{revoked_at} }
	    @{ decode($house->admin_ok(qw(key list --json))) }), 'and listed');
	unlike($ran->{err}, qr/srk_/, 'the key itself is not said');
}

# A reader that takes nothing: a pipe that is full already.
sub to_a_full_pipe {
	my (@words) = @_;
	pipe my $from, my $to or die "pipe: $!";
	my $flags = fcntl $to, F_GETFL, 0;
	fcntl $to, F_SETFL, $flags | O_NONBLOCK or die $!;
	1 while syswrite $to, 'x' x 512;
	1 while syswrite $to, 'x';
	fcntl $to, F_SETFL, $flags or die $!;
	my $err = "$house->{dir}/err." . ++$n;
	my $pid = start(cmd => [program('strongroom'), '--config',
	    $house->{conf}, @words], env => Strongroom::clean_env(),
	    stdout => $to, stderr => $err);
	close $to;
	return ($pid, $err, $from);
}

# The public id of the key that was made and is not shown yet.
sub wait_for_key {
	my $new;
	wait_until(60, sub {
		($new) = grep { !$was{$_} } split ' ', live_keys();
		return defined $new;
	});
	return $new;
}

for my $signal (qw(INT TERM HUP)) {
	my ($pid, $err, $from) = to_a_full_pipe(qw(key create --user u));
	my $new = wait_for_key();
	ok(wait_until(60, sub {
		kill $signal, $pid;
		!Strongroom::Proc::running($pid);
	}), "SIG$signal while it waits to print ends it");
	is((reap($pid, 60) // -1) >> 8, 1, 'with exit 1');
	like(slurp($err), qr/key $new could not be shown.* is revoked again/s,
	    'and the key is revoked again');
	is(scalar(grep { !$was{$_} } split ' ', live_keys()), 0,
	    'so none is live');
}

# When it cannot even be revoked, it is told what to do.
{
	my ($pid, $err, $from) = to_a_full_pipe(qw(key create --user u));
	my $new = wait_for_key();
	open my $lock, '+<', "$house->{database}.lock" or die "lock: $!";
	flock $lock, LOCK_EX or die "flock: $!";
	close $from;
	is((reap($pid, 60) // -1) >> 8, 1, 'a key that cannot be revoked');
	like(slurp($err), qr/strongroom key revoke $new/,
	    'is told, with the command to do it');
	close $lock;
	$house->admin_ok(qw(key revoke), $new);
}

# A key that its owner has already stays.
my $mine = 'a-key-that-somebody-has-already';
my $ran = by_shell('>/dev/full', [qw(key import --user v)], stdin => $mine);
my ($imported) = $ran->{err} =~ /imported as (\w{8})/;
ok(defined $imported, 'an imported key is told by its public id')
    || diag($ran->{err});
like(live_keys(), qr/\b$imported\b/, 'and is good');
unlike($ran->{err}, qr/\Q$mine\E/, 'itself it is not said');

# A recipient whom nobody can seal anything to is none.
my $secret = "$house->{dir}/unseen";
for my $json ([], ['--json']) {
	$ran = by_shell('>/dev/full', ['recipient', 'create', $secret, @$json]);
	is($ran->{exit}, 1, "recipient create @$json to a full disk: exit 1");
	ok(!-e $secret, 'and no secret key is left of it');
	like($ran->{err}, qr/\Q$secret\E is removed again/, 'which is said');
}

# A rotation is told, whatever becomes of its report.
$ran = by_shell('>/dev/full', [qw(master-key rotate)]);
my ($active) = map { $_->{key_id} } grep { $_->{state} eq 'active' }
    @{ decode($house->admin_ok(qw(master-key status --json))) };
like($ran->{err}, qr/error master key $active is in use for all boxes/,
    'a rotation whose report cannot be printed is told');
is($house->admin_ok('check') =~ /(\d+) faults/ && $1, 0, 'all is whole');

finish();
