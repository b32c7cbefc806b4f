#!/usr/bin/perl
# Backups under a load of saves: each has every save that was acknowledged
# before it began, is whole, and all its boxes open; no save fails meanwhile.
# Control: a copy of the database's file alone, made at the same moments.

use strict;
use warnings;
use File::Copy qw(copy);
use Test::More;
use Time::HiRes qw(time);
use Strongroom;
use Strongroom::Figure;
use Strongroom::Json qw(decode);
use Strongroom::Proc qw(launch run wait_until);

my $rounds = rounds(12, 60);
my $house = house(conf => { log_level => 'error', log_format => 'json' });
$house->worker;
$house->key;

# Eight clients until they are told to stop. Each notes a 200 before it asks
# for the next: an append of one line is whole or absent.
my $stop = "$house->{dir}/stop";
my $acked = spew("$house->{dir}/acked", '');
my $load = launch(8, sub {
	my ($i) = @_;
	open my $log, '>>', $acked or die $!;
	my ($slowest, @wrong) = (0);
	my $end = time + 900;
	for (my $n = 0; !-e $stop && time < $end; $n++) {
		my $began = time;
		my $token = "c$i-$n-" . 'x' x (40 * ($n % 50));
		my $answer = $house->fcgi(body => with_auth(
		    "{\"access_token\":\"$token\"}",
		    "\"unique_identifier\":\"c$i-$n\","));
		$slowest = time - $began if time - $began > $slowest;
		if ($answer->{status} == 200) {
			syswrite $log, "c$i-$n\n";
		} else {
			push @wrong, "$answer->{status} $answer->{body}";
		}
	}
	return ($slowest, @wrong);
});

# How many of these have no row in a database, opened as it is.
sub missing {
	my ($file, @names) = @_;
	my $got = run(cmd => ['sqlite3', '-readonly', $file,
	    'SELECT unique_identifier FROM integrations']);
	return scalar @names if $got->{exit} ne '0';
	my %row = map { $_ => 1 } split /\n/, $got->{out};
	return scalar grep { !$row{$_} } @names;
}

my ($lost, $bare, $slowest, $last) = (0, 0, 0, 0);
for my $round (1 .. $rounds) {
	wait_until(60, sub { -s $acked > $last + 2000 })
	    or die 'there is no load';
	my @names = split /\n/, slurp($acked);
	$last = -s $acked;
	my ($file, $alone) = map { "$house->{dir}/$_-$round.db" }
	    qw(backup alone);
	copy($house->{database}, $alone) or die $!;
	my $began = time;
	my $ran = $house->admin('backup', '--json', $file);
	my $took = time - $began;
	$slowest = $took if $took > $slowest;
	is($ran->{exit}, 0, "round $round: backup") || diag($ran->{err});
	$lost += missing($file, @names);
	$bare += missing($alone, @names);
	my $check = $house->admin('check', '--json',
	    { env => { STRONGROOM_DATABASE => $file } });
	is($check->{exit}, 0, "round $round: it is whole, all boxes open")
	    || diag($check->{out}, $check->{err});
	cmp_ok(decode($check->{out})->{boxes}, '>=', @names,
	    "round $round: as many boxes as saves, at least");
	is(decode($ran->{out})->{boxes}, decode($check->{out})->{boxes},
	    "round $round: and as many as were told");
	ok(!-e "$file-wal", "round $round: there is no log beside it");
	unlink $file, $alone or die $!;
}
spew($stop, '');
my @said = $load->();
my @names = split /\n/, slurp($acked);
my @wrong = map { my (undef, @w) = @$_; @w } @said;
my ($longest) = sort { $b <=> $a } map { $_->[0] } @said;
is("@wrong", '', 'no save fails meanwhile');
is($lost, 0, 'each backup has all that was acknowledged before');
cmp_ok($bare, '>', 0, 'control: copies of the file alone lack saves');

# What the last one would restore is what is there.
$house->stop_worker;
my ($file, $to) = map { "$house->{dir}/$_.db" } qw(last restored);
$house->admin_ok('backup', $file);
my $began = time;
$house->admin_ok('restore', $file, '--to', $to);
my $took = time - $began;
is(missing($to, @names), 0, 'a restored database has them all');
is($house->admin('check', { env => { STRONGROOM_DATABASE => $to } })
    ->{exit}, 0, 'and all its boxes open');

figure(sprintf '%d backups under %d saves: %d acknowledged saves missing '
    . '(0), %d saves failed (0), %.2f s the slowest backup, %.2f s the '
    . 'slowest save, %.2f s a restore of %d MiB', $rounds, scalar @names,
    $lost, scalar @wrong, $slowest, $longest, $took, (-s $to) >> 20);
control("the same copies of the file without its log: $bare missing");

finish();
