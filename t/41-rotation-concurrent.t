#!/usr/bin/perl
# Boxes are opened while master keys are rotated and retired: check, export,
# reveal and another rotation find every box, whatever key it is under by then,
# and take none for altered.

use strict;
use warnings;
use Test::More;
use Strongroom;
use Strongroom::Json qw(decode);
use Strongroom::Proc qw(launch run wait_until);

my ($rows, $rounds) = (300, 10);

my $house = house(conf => { log_level => 'warning' });
my $lines = join "\n", map { "{\"name\":\"n\",\"integration_type\":\"jira\","
    . "\"unique_identifier\":\"u$_\",\"created_by\":\"user\",\"auth_data\":"
    . "{\"access_token\":\"token-$_\"}}" } 1 .. $rows;
$house->admin_ok('import', { stdin => $lines });
my %token = map { $_->{integration_id} => '{"access_token":"token-'
    . substr($_->{unique_identifier}, 1) . '"}' } @{ $house->integrations };
my ($one) = sort keys %token;
is(scalar keys %token, $rows, 'there are boxes');

sub status { decode($house->admin_ok(qw(master-key status --json))) }
sub active { (map { $_->{key_id} } grep { $_->{state} eq 'active' }
    @{ status() })[0] }

# From one key to the next; what has failed.
sub rotate_and_retire {
	my $former = active();
	return map {
		my $ran = $house->admin('master-key', @$_);
		$ran->{exit} eq '0' ? () : "@$_: $ran->{err}";
	} ['rotate'], ['retire', $former];
}

# What is wrong with a command that opens boxes, if anything.
my %reader = (
	check => [['check'], sub {
		return $_[0] eq "$rows integrations, $rows boxes, 0 faults\n";
	}],
	export => [['export', '--in-clear'], sub {
		my %found = $_[0] =~ /^\{"integration_id":"([^"]*)".*
		    ,"auth_data":(.*)\}$/mgx;
		return join("\n", map { $_, $found{$_} } sort keys %found)
		    eq join("\n", map { $_, $token{$_} } sort keys %token);
	}],
	reveal => [['integration', 'reveal', $one], sub {
		return $_[0] eq $token{$one};
	}],
);

sub wrong {
	my ($name, %env) = @_;
	my ($words, $is_right) = @{ $reader{$name} };
	my $ran = $house->admin(@$words, { env => \%env });
	return $ran->{exit} eq '0' && $ran->{err} !~ /error/
	    && $is_right->($ran->{out}) ? ()
	    : "exit $ran->{exit}: " . substr "$ran->{err}$ran->{out}", -300;
}

# The very moment: the key file was read and found right, and no box yet.
SKIP: {
	skip 'sanitizers want to be preloaded first', 23 if slow() > 1;
	my $world = "$house->{dir}/world.so";
	my $built = run(cmd => ['cc', '-shared', '-fPIC', '-o', $world,
	    source() . '/t/lib/world.c', '-ldl']);
	skip 'no compiler', 23 if $built->{exit} ne '0';
	my $mark = "$house->{dir}/stalled";
	my %env = (LD_PRELOAD => $world, WORLD_STALL => 'auth_data',
	    WORLD_STALLED => $mark);
	for my $name (sort keys %reader) {
		my $wait = launch(1, sub { wrong($name, %env) });
		wait_until(60, sub { -e $mark }) or die "$name does not stall";
		is(join("\n", rotate_and_retire()), '',
		    "a rotation while $name is on its way");
		unlink $mark or die "$mark: $!";
		is(join("\n", @{ ($wait->())[0] }), '',
		    "$name opens what is under the new key");
	}

	# A rotation whose key is not the newest by the time that it seals.
	my $wait = launch(1, sub {
		my $ran = $house->admin('master-key', 'rotate',
		    { env => \%env });
		return ($ran->{exit}, $ran->{err});
	});
	wait_until(60, sub { -e $mark }) or die 'rotate does not stall';
	$house->admin_ok('master-key', 'rotate');
	unlink $mark or die "$mark: $!";
	my ($said) = $wait->();
	is($said->[0], 1, 'a rotation that another has overtaken ends');
	like($said->[1], qr/another rotation has begun/, 'and says why');
	is(scalar(() = $said->[1] =~ /does not open/g), 0,
	    'and takes no box for altered');

	# Or is not, by the time that it would make one: there is one already.
	$wait = launch(1, sub {
		my $ran = $house->admin('master-key', 'rotate', { env => {
		    LD_PRELOAD => $world, WORLD_LOCK => 1,
		    WORLD_STALLED => $mark } });
		return ($ran->{exit}, $ran->{err});
	});
	wait_until(60, sub { -e $mark }) or die 'rotate does not stall';
	$house->admin_ok('master-key', 'rotate');
	my $keys = slurp($house->{master_key});
	unlink $mark or die "$mark: $!";
	($said) = $wait->();
	is($said->[0], 1, 'a rotation before which another has begun ends');
	like($said->[1], qr/another rotation has begun: run this again/,
	    'and says what to do');
	is(scalar(() = $said->[1] =~ /another rotation/g), 1, 'once');
	is(slurp($house->{master_key}), $keys, 'and makes no key');

	# Between any two times that it has the lock, a key that is to be
	# retired may come to be needed.
	my $before = active();
	my ($box) = map { $_->{box} } $house->rows('SELECT hex(auth_data) AS '
	    . "box FROM integrations WHERE integration_id = '$one'");
	$house->admin_ok('master-key', 'rotate');
	my $file = slurp($house->{master_key});
	my $retire = sub {
		my ($lock, $sql) = @_;
		my $wait = launch(1, sub {
			my $ran = $house->admin('master-key', 'retire',
			    $before, { env => { LD_PRELOAD => $world,
			    WORLD_LOCK => $lock, WORLD_STALLED => $mark } });
			return ($ran->{exit}, $ran->{err});
		});
		wait_until(60, sub { -e $mark }) or die 'no stall';
		$house->tamper($sql);
		unlink $mark or die "$mark: $!";
		my ($said) = $wait->();
		is($said->[0], 1, "something comes before lock $lock: refused");
		is(slurp($house->{master_key}), $file, 'the file has the key');
		is((map { $_->{state} } grep { $_->{key_id} eq $before }
		    @{ status() })[0], 'old', 'which is an old one');
		return $said->[1];
	};
	like($retire->(1, "UPDATE integrations SET auth_data = x'$box' WHERE "
	    . "integration_id = '$one'"), qr/ 1 boxes are under master key /,
	    'a box that came when they had been counted is told');
	is(join("\n", wrong('reveal')), '', 'and opens');
	$house->admin_ok('master-key', 'rotate');
	like($retire->(2, "UPDATE master_keys SET state = 'old' WHERE "
	    . "printf('%08x', key_id) = '$before'"), qr/ is in use again: /,
	    'and so is that somebody has put it into use again');
	is($house->admin('master-key', 'retire', $before)->{exit}, 0,
	    'run again it is done');
}

# Any moment: one key after the other, until the readers have done.
my $over = "$house->{dir}/over";
my $rotator = launch(1, sub {
	my ($done, @wrong) = (0);
	while (!-e $over) {
		push @wrong, rotate_and_retire();
		$done++;
	}
	return ($done, @wrong);
});
my @names = sort keys %reader;
my @said = launch(scalar @names, sub {
	return map { wrong($names[ $_[0] ]) } 1 .. $rounds;
})->();
spew($over, '');
my ($done, @failed) = @{ ($rotator->())[0] };
cmp_ok($done, '>=', 1, 'keys come and go');
is(join("\n", @failed), '', 'and no rotation fails');
is(join("\n", @{ $said[$_] }), '', "each $names[$_] is clean meanwhile")
    for 0 .. $#names;
is(join("\n", wrong('check')), '', 'and so is a check afterwards');

finish();
