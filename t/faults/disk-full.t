#!/usr/bin/perl
# The file system of the database is full, because of others and because of
# saves, and is made larger: the answer is 507 meanwhile, nothing is
# acknowledged that is not there, and of the same process the first save that
# begins when there is space is acknowledged.

use strict;
use warnings;
use Test::More;
use Strongroom;
use Strongroom::Figure;
use Strongroom::Inject;
use Strongroom::Load;
use Strongroom::Proc qw(run stop pause at_end running wait_until);

my $limit = 1;		# tries until a save is acknowledged again

plan skip_all => 'only root can mount' if $> != 0;

sub house_on_small_disk {
	my $house = house(init => 0, conf => { log_level => 'error' });
	my $data = "$house->{dir}/data";
	mkdir $data, 0700 or die $!;
	my $mount = run(cmd => ['mount', '-t', 'tmpfs', '-o',
	    'size=4m,mode=0700', 'strongroom-test', $data]);
	plan skip_all => "cannot mount: $mount->{err}"
	    if $mount->{exit} ne '0';
	at_end(sub { system 'umount', '-l', $data });
	$house->admin_ok('init');
	$house->key;
	return $house;
}

# Saves until there is no space, and a while longer.
sub fill_by_saves {
	my ($house, $load) = @_;
	ok(wait_until(60 * slow(), sub {
		($load->look->{count}{507} // 0) > 100
	}), 'saves fill the disk');
	pause(0.3);
}

sub fill_by_others {
	my ($house, $load) = @_;
	my $before = $load->look->{count}{507} // 0;
	open my $fh, '>', "$house->{dir}/data/ballast" or die $!;
	1 while syswrite $fh, 'x' x 4096;
	close $fh;
	ok(wait_until(60 * slow(), sub {
		($load->look->{count}{507} // 0) > $before + 100
	}), 'others fill the disk');
}

# How many times a save is tried, beside the load, after there is space.
sub tries {
	my ($house, $make_space) = @_;
	$make_space->();
	my $tries = 0;
	wait_until(30, sub {
		$tries++;
		return $house->fcgi(body => with_auth('{"access_token":"t"}'))
		    ->{status} == 200;
	});
	return $tries;
}

my @pads = ((20) x 4, 4000, 30_000);
my $house = house_on_small_disk();
my $worker = $house->worker;
my $load = load($house, clients => 8, sizes => \@pads);
my @tries;
my $rounds = rounds(2, 20);
my $size = 4;
for my $round (1 .. $rounds) {
	fill_by_others($house, $load);
	push @tries, tries($house,
	    sub { unlink "$house->{dir}/data/ballast" or die $! });
	fill_by_saves($house, $load);
	$size += 4;
	push @tries, tries($house, sub {
		system('mount', '-o', "remount,size=${size}m",
		    "$house->{dir}/data") == 0 or die 'remount';
	});
	ok($load->wait_for(20), "round $round: saves while there is space");
}
is($house->cgi(body => with_auth('{"access_token":"t"}'))->{status}, 200,
    'a CGI process saves too');
my $count = $load->stop;
ok(running($worker->{pid}), 'the process is the one that was started');
is(join(' ', grep { $_ != 200 && $_ != 507 } sort keys %$count), '',
    'no answer but 200 and 507');
$load->kept('a full disk');
my ($worst) = sort { $b <=> $a } @tries;
cmp_ok($worst, '<=', $limit, 'the first save with space is acknowledged');
figure(sprintf '%d times full: %d 507, %d 200, all of them there, no other '
    . 'answer; with space, a save takes %d tries at most (%d)', 2 * $rounds,
    $count->{507}, $count->{200}, $worst, $limit);

# A worker whose writes seem to succeed when there is no space.
my $broken = house_on_small_disk();
$worker = $broken->worker(env => inject($broken, 'pwrite:full:1+'));
$load = load($broken, clients => 8, sizes => \@pads, seconds => 2);
$load->wait_for_end;
stop($worker->{pid}, signal => 'KILL');
$worker->{stopped} = 1;
my @wrong = $load->faults;
my @other = grep { $_ != 200 && $_ != 507 } sort keys %{ $load->{count} };
cmp_ok(@wrong + @other, '>', 0, 'control: writes that seem to succeed lose '
    . 'saves, or are answered otherwise');
control('failed writes taken for good ones: ' . scalar(@wrong) . ' faults, '
    . $load->counts);

finish();
