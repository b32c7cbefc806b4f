#!/usr/bin/perl
# The master key changes under a load of saves, and the command that does it is
# killed again and again in the middle. No save fails, and in the end all boxes
# are under the new key, open to what was last saved, and the former is gone.
# Who checks and exports while keys change takes no box for altered.

use strict;
use warnings;
use Test::More;
use Time::HiRes qw(time);
use Strongroom;
use Strongroom::Figure;
use Strongroom::Inject;
use Strongroom::Json qw(decode);
use Strongroom::Load;
use Strongroom::Preload;
use Strongroom::Proc qw(launch run wait_until);

my $rows = rounds(3000, 100_000);
my $kills = rounds(5, 20);

# The environment of a rotation, or a worker, that is spoilt so.
sub spoilt {
	my ($how, $env) = @_;
	my %lib = preload('rotation');
	my %env = (%{ $env // {} }, SR_ROTATION => $how);
	$env{LD_PRELOAD} = join ':', grep { defined } $lib{LD_PRELOAD},
	    ($env // {})->{LD_PRELOAD};
	$env{ASAN_OPTIONS} = join ':', grep { defined } $ENV{ASAN_OPTIONS},
	    'verify_asan_link_order=0' if slow() > 1;
	return \%env;
}

sub fill {
	my ($house, $count) = @_;
	my $ran = run(cmd => [program('t/faults/rows'), $house->{conf},
	    $count], env => Strongroom::clean_env(), seconds => 600);
	die "rows: $ran->{err}" if $ran->{exit} ne '0';
}

sub status {
	decode($_[0]->admin_ok(qw(master-key status --json)));
}

# How often a rotation that nothing disturbs writes, syncs or truncates.
sub calls_of_a_rotation {
	my ($count) = @_;
	my $alone = house(name => 'alone', conf => { log_level => 'error' });
	fill($alone, $count);
	return injected($alone->admin(qw(master-key rotate),
	    { env => inject($alone, 'change:slow:1-1000000:0') })->{err});
}

# Boxes of the many rows that do not open to what is in them.
sub wrong_rows {
	my ($house, $count) = @_;
	my $ran = run(cmd => [program('t/faults/boxes'), $house->{conf}],
	    env => Strongroom::clean_env(), seconds => 600);
	my @texts = unpack '(N/a*)*', $ran->{out};
	my ($good, @wrong) = (0);
	while (my ($uid, undef, $how, $auth) = splice @texts, 0, 4) {
		next if $uid !~ /\Arow-/;
		if ($auth eq "{\"access_token\":\"$uid\"}") {
			$good++;
		} else {
			push @wrong, "$uid is $how";
		}
	}
	push @wrong, "$good instead of $count" if $good != $count;
	return @wrong;
}

# Check, export and reveal again and again while one key follows the other: how
# often, how many rotations there were, and what was wrong.
sub read_beside_rotations {
	my ($house, $times) = @_;
	my ($one) = map { $_->{id} } $house->rows('SELECT integration_id AS id '
	    . 'FROM integrations ORDER BY id DESC LIMIT 1');
	my $over = "$house->{dir}/over";
	my $rotator = launch(1, sub {
		my $n = 0;
		for (; !-e $over; $n++) {
			my ($former) = map { $_->{key_id} }
			    grep { $_->{state} eq 'active' } @{ status($house) };
			$house->admin_ok('master-key', @$_)
			    for ['rotate'], ['retire', $former];
		}
		return $n;
	});
	my @commands = (['check'], ['export', '--in-clear'],
	    ['integration', 'reveal', $one]);
	my @said = launch(scalar @commands, sub {
		my $command = $commands[ $_[0] ];
		return map {
			my $ran = $house->admin(@$command);
			my $odd = () = "$ran->{err}$ran->{out}"
			    =~ /does not open/g;
			$ran->{exit} eq '0' && $odd == 0 ? ()
			    : "@$command: exit $ran->{exit}, $odd boxes";
		} 1 .. $times;
	})->();
	spew($over, '');
	my ($rotations) = @{ ($rotator->())[0] };
	return ($times * @commands, $rotations, map { @$_ } @said);
}

my $house = house(name => 'read', conf => { log_level => 'error' });
fill($house, rounds(20_000, 100_000));
my ($reads, $rotations, @wrong) = read_beside_rotations($house,
    rounds(20, 100));
is(join("\n", @wrong), '', 'who reads while keys change finds every box');
figure("$reads checks, exports and reveals beside $rotations rotations: "
    . @wrong . ' took boxes for altered (0)');

$house = house(conf => { log_level => 'warning' });
fill($house, $rows);
my @workers = map { $house->worker } 1, 2;
my $load = load($house, clients => rounds(6, 9), again => 0.5, pause => 0.004,
    doors => [('fcgi') x 5, 'cgi'], sizes => [20, 20, 20, 200, 4000],
    seconds => 1800, sockets => [map { $_->{socket} } @workers]);
my $from = time;
ok($load->wait_for(100), 'saves before the rotation');
my ($former) = map { $_->{key_id} } @{ status($house) };

# The kills share the work: each comes before a share of the calls is made that
# a rotation of as many rows makes from end to end.
my $calls = calls_of_a_rotation($rows);
cmp_ok($calls, '>', 3 * $kills, "a rotation makes $calls calls");
my ($killed, $finished) = (0, 0);
while ($killed < $kills && !$finished) {
	my $n = 1 + int rand $calls / ($kills + 1);
	my $how = rand() < 0.5 ? 'kill' : 'tear';
	my $ran = $house->admin(qw(master-key rotate),
	    { env => inject($house, "change:$how:$n") });
	$finished = $ran->{exit} eq '0';
	$killed++ if $ran->{exit} =~ /signal 9|137/;
	die "rotate: $ran->{exit} $ran->{err}"
	    if !$finished && $ran->{exit} !~ /signal 9|137/;
}
is($killed, $kills, "the rotation was killed $kills times in the middle");
my @keys = @{ status($house) };
is(scalar @keys, 2, 'which has made one new key');
my ($left) = map { $_->{boxes} } grep { $_->{key_id} eq $former } @keys;
cmp_ok($left, '>', 0, "and $left boxes were left under the former one");
my $done = $house->admin(qw(master-key rotate), { env => spoilt('slow') });
is($done->{exit}, 0, 'run again it comes to its end') || diag($done->{err});
my %boxes = map { $_->{state} => $_->{boxes} } @{ status($house) };
is($boxes{old}, 0, 'no box is left under the former key');
my $retired = $house->admin(qw(master-key retire), $former);
is($retired->{exit}, 0, 'which can be retired at once')
    || diag($retired->{err});
ok($load->wait_for(100), 'saves after that');
my $rate = $load->acknowledged / (time - $from);
my $count = $load->stop;
is(join(' ', sort keys %$count), '200', 'no save has failed')
    || diag($load->counts);
$load->kept('the rotation');
is(join("\n", wrong_rows($house, $rows)), '', 'all other boxes open too');
my ($old, $new) = @{ status($house) };
is_deeply([@$old{qw(key_id state boxes)}, !!$old->{in_file}],
    [$former, 'retired', 0, !!0], 'the former key is gone');
saved_ok($house->fcgi(socket => $_->{socket}, body =>
    '{"name":"n","integration_type":"jira"}'), 'API keys go on working')
    for @workers;
my $all = 0;
$all += $_ for values %$count;
figure(sprintf '%d rows, %d saves/s (p99 %d ms), rotate killed %d times: %d of '
    . '%d saves failed, %d boxes under the former key, %d lost; 0 of each',
    $rows, $rate, 1000 * Strongroom::Load::quantile($load->{took}{200}, 0.99),
    $killed, $all - $count->{200}, $all, $old->{boxes}, scalar $load->faults);

# Control: the same load, and a rotation that replaces whatever box is there.
$house = house(name => 'blind', conf => { log_level => 'error' });
$house->worker;
$load = load($house, clients => 4, again => 0.5, pause => 0.002,
    sizes => [20]);
$load->wait_for(200);
$house->admin(qw(master-key rotate), { env => spoilt('slow,blind') });
$count = $load->stop;
my $lost = grep { /\Aold/ } $load->faults;
cmp_ok($lost, '>', 0, 'control: a rotation that does not compare loses saves');
control("replaces whatever box is there: lost $lost of $count->{200} saves");

# Control: a worker that does not notice it.
$house = house(name => 'stale', conf => { log_level => 'error' });
$house->worker(env => spoilt('stale'));
($former) = map { $_->{key_id} } @{ status($house) };
$house->admin_ok('master-key', @$_) for ['rotate'], ['retire', $former];
$load = load($house, clients => 2, saves => 20);
$count = $load->wait_for_end;
$lost = grep { /\Arefused/ } $load->faults;
cmp_ok($lost, '>', 0, 'control: a worker that does not notice it leaves boxes '
    . 'that no key opens');
control("a worker that does not notice it: lost $lost of $count->{200} saves");

finish();
