#!/usr/bin/perl
# The power goes while saves are under way: the file system stops at once, and
# what was not synced is gone. What was acknowledged is there when the system
# is up again.

use strict;
use warnings;
use Fcntl;
use Test::More;
use Strongroom;
use Strongroom::Figure;
use Strongroom::Inject;
use Strongroom::Load;
use Strongroom::Proc qw(run stop pause at_end wait_until);

# From linux: _IOR('X', 125, __u32), and "do not write the journal either".
use constant { EXT4_IOC_SHUTDOWN => 0x8004587d, NOLOGFLUSH => 2 };

sub must {
	my $ran = run(cmd => [@_]);
	die "@_: $ran->{err}" if $ran->{exit} ne '0';
}

# Why it cannot be done here, or ''.
sub missing {
	return 'only root can mount' if $> != 0;
	return "there is no $_" for grep {
		run(cmd => ['sh', '-c', "command -v $_"])->{exit} ne '0'
	} qw(mkfs.ext4 losetup mount umount);
	return 'no loop device: ' . $_ for map { $_->{err} }
	    grep { $_->{exit} ne '0' } run(cmd => ['losetup', '-f']);
	return '';
}

# A house whose data directory is a file system of its own.
sub house_on_disk {
	my $house = house(init => 0, conf => { log_level => 'error', @_ });
	$house->{image} = "$house->{dir}/disk";
	open my $fh, '>', $house->{image} or die $!;
	truncate $fh, rounds(64, 512) << 20 or die $!;
	close $fh;
	must('mkfs.ext4', '-q', '-F', $house->{image});
	mkdir "$house->{dir}/data", 0700 or die $!;
	power_on($house);
	at_end(sub { system 'umount', '-l', "$house->{dir}/data"
		if $house->{is_on} });
	chmod 0700, "$house->{dir}/data" or die $!;
	$house->admin_ok('init');
	$house->key;
	return $house;
}

sub power_on {
	my ($house) = @_;
	must('mount', '-o', 'loop', $house->{image}, "$house->{dir}/data");
	$house->{is_on} = 1;
}

# Without power there are no answers either. Here the processes go on, and a
# sync that is under way while a file system is shut down may come back well
# though nothing was kept: only what was answered before is a promise.
sub power_off {
	my ($house, $load) = @_;
	sysopen my $dir, "$house->{dir}/data", O_RDONLY | O_DIRECTORY
	    or die $!;
	my $how = pack 'L', NOLOGFLUSH;
	$load->cut;
	ioctl $dir, EXT4_IOC_SHUTDOWN, $how
	    or die "EXT4_IOC_SHUTDOWN: $!";
}

# Processes end, the disk is taken away. What it holds goes on as a copy: a
# file system that was stopped stays so as long as anybody has it mounted.
sub clean_up {
	my ($house) = @_;
	stop($_->{pid}, signal => 'KILL'), $_->{stopped} = 1
	    for grep { !$_->{stopped} } @{ $house->{workers} };
	my $old = $house->{image};
	$house->{image} = "$house->{dir}/disk" . ++$house->{images};
	must('cp', '--sparse=always', $old, $house->{image});
	wait_until(30, sub { run(cmd => ['umount',
		"$house->{dir}/data"])->{exit} eq '0' }) or die 'umount';
	$house->{is_on} = 0;
	unlink $old or die $!;
}

# Saves, a power cut, and all is started again: acknowledged, what is wrong.
my $count = 0;
sub cut {
	my ($house, $env, $saves) = @_;
	my $worker = $house->worker(env => $env);
	my $load = load($house, name => 'p' . ++$count, pause => 0);
	$load->wait_for($saves)
	    or die 'no saves: ' . $load->counts . slurp($worker->{log});
	pause(rand 0.1);
	power_off($house, $load);
	pause(0.05);
	$load->stop;
	clean_up($house);
	power_on($house);
	my @wrong = $load->faults;
	is(join(' ', grep { !/\A(?:200|50[037]|599)\z/ }
	    sort keys %{ $load->{count} }), '', 'without power: only 50x');
	return ($load->acknowledged, @wrong);
}

my $why = missing();
plan skip_all => $why if $why;

my @houses = (house_on_disk(), house_on_disk(journal_mode => 'truncate'));
my ($rounds, $saves, $lost) = (rounds(4, 50), 0, 0);
for my $round (1 .. $rounds) {
	my $house = $houses[$round % 4 == 0];
	my ($n, @wrong) = cut($house, {}, 50 + int rand 1000);
	is(join("\n", @wrong), '', "cut $round: $n acknowledged saves are "
	    . 'there');
	$saves += $n;
	$lost += @wrong;
}
for my $house (@houses) {
	$house->worker;
	saved_ok($house->fcgi(body => with_auth('{"access_token":"t"}')),
	    'it serves again');
	is($house->stop_worker->{exit}, 0, 'and ends in order');
	clean_up($house);
}
figure("$rounds power cuts: lost $lost of $saves acknowledged saves, "
    . '0 may be');

# The same of a worker whose syncs do nothing.
my $broken = house_on_disk();
my ($n, @wrong) = cut($broken, inject($broken, 'sync:drop:1+,dirsync:drop:1+'), 200);
cmp_ok(scalar @wrong, '>', 0, 'control: without syncs saves are lost');
clean_up($broken);
control("syncs that do nothing, 1 cut: " . scalar(@wrong)
    . " faults in $n acknowledged saves" . ($wrong[0] =~ /unreadable/
    ? ', the database cannot be read' : ''));

finish();
