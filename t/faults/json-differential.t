#!/usr/bin/perl
# The scan of JSON beside Python's: what it takes Python takes, with the same
# value, and what it refuses Python refuses too, but for documented limits.
# And the cases of t/cases/json.txt.

use strict;
use warnings;
use Test::More;
use Strongroom;
use Strongroom::Figure;
use Strongroom::Proc qw(run);
use Strongroom::Seed;

my $cases = source() . '/t/cases/json.txt';
my $reference = source() . '/t/faults/json_reference.py';
my $verdict = program('t/faults/json_verdict');
my $rounds = rounds(40_000, 5_000_000);
my $seed = seeded(20240115);

plan skip_all => 'python3 is missing'
    if run(cmd => ['python3', '-c', '1'])->{exit} ne '0';

# -- the cases, by category

sub bytes_of {
	my ($text) = @_;
	$text =~ s/%\((\d+):([^)]*)\)/$2 x $1/ge;
	return $text =~ s/%([0-9A-F]{2})/chr hex $1/ger;
}

my @cases;
for my $line (split /\n/, slurp($cases)) {
	next if $line =~ /^#/;
	my ($head, $text) = split /\t/, $line, 2;
	my ($category, $name) = $head =~ /^([yni]) (.+)$/
	    or die "no case: $line";
	my $is_taken = $category eq 'y' || $name =~ /^accepted /;
	push @cases, { category => $category, name => $name,
	    bytes => bytes_of($text), taken => $is_taken ? 'ok' : 'no' };
}

# How many cases of each category went as they must: (right, all, the wrong).
sub try_cases {
	my (@option) = @_;
	my $ran = run(cmd => [$verdict, @option],
	    stdin => join '', map { unpack('H*', $_->{bytes}) . "\n" } @cases);
	my @said = split /\n/, $ran->{out};
	is($ran->{exit}, 0, "the verdicts come (@option)");
	my (%right, %all, @wrong);
	for my $case (@cases) {
		my ($said) = (shift(@said) // '') =~ /^(\w+)/;
		$all{ $case->{category} }++;
		if (($said // '') eq $case->{taken}) {
			$right{ $case->{category} }++;
		} else {
			push @wrong, "$case->{category} $case->{name}";
		}
	}
	return ([map { sprintf '%s %d/%d', $_, $right{$_} // 0, $all{$_} }
	    qw(y n i)], \@wrong);
}

my ($right, $wrong) = try_cases();
is("@$wrong", '', 'every case goes as it must');
my $text = join ', ', @$right;
figure("cases: $text as documented (all)");
($right, $wrong) = try_cases('--control');
cmp_ok(scalar @$wrong, '>', 10, 'a lenient parser fails cases');
control("cases with json-c for the scan: " . join(', ', @$right));

# -- random texts, and what Python says of them

sub differ {
	my ($rounds, @option) = @_;
	my $ran = run(cmd => ['python3', $reference, $cases, $rounds, $seed,
	    $verdict, @option], seconds => full() ? 36_000 : 300);
	my %said = $ran->{out} =~ /(\w+) (\d+)/g;
	is($ran->{exit}, 0, "the comparison runs (@option)")
	    || diag($ran->{err});
	return ($ran->{out}, %said);
}

my ($out, %said) = differ($rounds);
is($said{differ}, 0, "no difference (SR_SEED=$seed)") || diag($out);
cmp_ok($said{both}, '>', $rounds / 8, 'many texts were taken by both');
cmp_ok($said{neither}, '>', $rounds / 8, 'many were refused by both');
figure("beside Python: $rounds texts, both took $said{both} with the same "
    . "value, both refused $said{neither}, $said{limit} over a limit, "
    . ($said{differ} // '?') . ' differ (0)');
(undef, %said) = differ(5000, '--control');
cmp_ok($said{differ}, '>', 0, 'a lenient parser differs');
control("json-c beside Python: $said{differ} of 5000 texts differ");

done_testing();
