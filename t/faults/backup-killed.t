#!/usr/bin/perl
# A backup, and a restore, that are killed at every system call that changes a
# file, or of which it fails: what bears the name is whole, or nothing does;
# what is said to be done is there; and to do it again works. Control: a backup
# that is written under its name (sqlite3 .backup).

use strict;
use warnings;
use Test::More;
use Strongroom;
use Strongroom::Figure;
use Strongroom::Proc qw(run);

my @calls = qw(openat pwrite64 fsync fdatasync renameat2 unlink ftruncate);
my $rows = rounds(16, 200);
my $house = house();
saved_ok($house->cgi(body => with_auth('{"access_token":"t"}')), 'a save');
$house->tamper("WITH RECURSIVE n(i) AS (SELECT 100 UNION ALL SELECT i + 1 "
    . "FROM n WHERE i < 99 + $rows) INSERT INTO integrations "
    . "(integration_id, created_by, unique_identifier, name, "
    . "integration_type, status, active, has_auth_data, has_scope_data, "
    . "created_at, updated_at, metadata) SELECT '0-' "
    . "|| i, 'u', 'u' || i, 'n', 'jira', 'active', 1, 0, 0, "
    . "'2024-01-01T00:00:00.000000', '2024-01-01T00:00:00.000000', "
    . "hex(zeroblob(1000)) FROM n");
my $whole = ($rows + 1) . " integrations, 1 boxes, 0 faults\n";
is($house->admin_ok('check'), $whole, 'a database');

sub state_of {
	my ($file) = @_;
	return 'absent' if !-e $file;
	my $ran = $house->admin('check',
	    { env => { STRONGROOM_DATABASE => $file } });
	return $ran->{exit} eq '0' && $ran->{out} eq $whole ? 'whole' : 'torn';
}

sub clear {
	my ($dir) = @_;
	opendir my $dh, $dir or die $!;
	-f "$dir/$_" and unlink "$dir/$_" for readdir $dh;
}

# Do this to the nth of each call, for all n, while the command runs: how often
# each state was left, and how often what was done or said was wrong.
sub spoil_all {
	my ($how, $calls, $dir, @cmd) = @_;
	my %seen = (spoiled => 0, absent => 0, whole => 0, torn => 0,
	    again => 0, lies => 0);
	my $trace = "$house->{dir}/trace";
	for my $call (@$calls) {
		for (my $n = 1; ; $n++) {
			clear($dir);
			spew($trace, '');
			my $ran = run(cmd => ['strace', '-qq', '-o', $trace,
			    '-e', "trace=$call", '-e',
			    "inject=$call:$how:when=$n", @cmd],
			    env => Strongroom::clean_env());
			last if $ran->{exit} ne 'signal 9'
			    && slurp($trace) !~ /INJECTED/;
			$seen{spoiled}++;
			my $state = state_of("$dir/x.db");
			$seen{$state}++;
			$seen{lies}++ if $ran->{exit} eq '0'
			    && $state ne 'whole';
			$seen{again}++ if $state eq 'absent' && run(cmd =>
			    \@cmd, env => Strongroom::clean_env())->{exit}
			    ne '0';
		}
	}
	return \%seen;
}

my $backup = "$house->{dir}/good.db";
$house->admin_ok('backup', $backup);
my %dir = map { $_ => "$house->{dir}/$_" } qw(backup restore bare);
mkdir $_ or die $! for values %dir;
my @program = (program('strongroom'), '--config', $house->{conf});
my %what = (
	backup => [@program, 'backup', "$dir{backup}/x.db"],
	restore => [@program, 'restore', $backup, '--to',
	    "$dir{restore}/x.db"],
);
my @told;
for my $name (sort keys %what) {
	my $seen = spoil_all('signal=KILL', \@calls, $dir{$name},
	    @{ $what{$name} });
	cmp_ok($seen->{spoiled}, '>', 20, "$name: killed often");
	is($seen->{torn}, 0, "$name: what bears the name is whole");
	cmp_ok($seen->{$_}, '>', 0, "$name: some left $_") for qw(absent whole);
	is($seen->{again}, 0, "$name: done again, it works");
	push @told, "$name killed $seen->{spoiled} times: $seen->{torn} torn "
	    . '(0)';
	for my $error (qw(EIO ENOSPC)) {
		$seen = spoil_all("error=$error", [qw(pwrite64 fsync
		    renameat2)], $dir{$name}, @{ $what{$name} });
		cmp_ok($seen->{spoiled}, '>', 10, "$name: $error, often");
		is($seen->{torn}, 0, "$name: what bears the name is whole");
		is($seen->{lies}, 0, "$name: what is said to be done is there");
		push @told, "$error $seen->{spoiled} times: $seen->{torn} "
		    . "torn, $seen->{lies} lies (0)";
	}
}
is($house->admin_ok('check'), $whole, 'the database is as it was');

# To standard output: what is copied to in between has no name any more.
my $data = $house->{database} =~ s{/[^/]+\z}{}r;
my @calls_of_copy = qw(pwrite64 ftruncate write fsync);
my $streams = 0;
for my $call (@calls_of_copy) {
	for (my $nth = 1; ; $nth++) {
		my $ran = run(cmd => ['strace', '-qq', '-o', '/dev/null',
		    '-e', "trace=$call", '-e',
		    "inject=$call:signal=KILL:when=$nth", @program, 'backup',
		    '-'], env => Strongroom::clean_env());
		last if $ran->{exit} ne 'signal 9';
		$streams++;
	}
}
cmp_ok($streams, '>', 5, 'backup to standard output: killed often');
opendir my $beside, $data or die $!;
is(join(' ', grep { /\.copy/ } readdir $beside), '',
    'nothing is left beside the database');
push @told, "to standard output killed $streams times: nothing left";
is($house->admin_ok('check'), $whole, 'which is as it was');

# A file system that has no rename without replacing, as NFS.
clear($dir{backup});
my $linked = run(cmd => ['strace', '-qq', '-o', '/dev/null', '-e',
    'inject=renameat2:error=EINVAL', @{ $what{backup} }],
    env => Strongroom::clean_env());
is($linked->{exit}, 0, 'where no such rename is a backup is linked in place');
is(state_of("$dir{backup}/x.db"), 'whole', 'whole');
opendir my $dh, $dir{backup} or die $!;
is(join(' ', grep { -f "$dir{backup}/$_" } readdir $dh), 'x.db',
    'and nothing is beside it');

my $bare = spoil_all('signal=KILL', \@calls, $dir{bare}, 'sqlite3',
    $house->{database}, ".backup $dir{bare}/x.db");
cmp_ok($bare->{torn}, '>', 0, 'control: written under its name it is torn');
figure(join ', ', @told);
control("sqlite3 .backup killed $bare->{spoiled} times: $bare->{torn} torn");

finish();
