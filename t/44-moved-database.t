#!/usr/bin/perl
# Files of a database that are taken away, replaced or written over under a
# running worker: nothing is acknowledged that is not found afterwards, nobody
# works on other files beside it, and it is told in words.

use strict;
use warnings;
use File::Copy qw(copy);
use Test::More;
use Strongroom;
use Strongroom::Proc qw(stop);

my $n = 0;
sub body {
	return { name => 'n', integration_type => 'jira',
	    unique_identifier => 'u' . $n++ };
}

sub refused {
	my ($answer, $name) = @_;
	local $Test::Builder::Level = $Test::Builder::Level + 1;
	error_is($answer, 500, 'Database connection failed', $name);
}

# A house with a worker and a few rows.
sub live_house {
	my (%conf) = @_;
	my $house = house(conf => { log_level => 'warning', %conf });
	$house->worker;
	saved_ok($house->fcgi(json => body()), 'a save') for 1 .. 5;
	return $house;
}

# The worker and all others are refused, in words; doctor names it.
sub nobody_works_on {
	my ($house, $what, $said) = @_;
	refused($house->fcgi(json => body()), "$what: 500 for a save")
	    for 1 .. 3;
	is($house->fcgi(method => 'GET', path => '/healthz', key => undef)
	    ->{status}, 503, "$what: not healthy");
	ok($house->log_says($said), "$what: the log says it");
	is($house->cgi(json => body())->{status}, 500, "$what: 500 by CGI");
	my $key = $house->admin(qw(key create --user u));
	isnt($key->{exit}, 0, "$what: no key is made");
	unlike($key->{out}, qr/srk_/, "$what: and none is printed");
	like($key->{err}, qr/\S/, "$what: it is told why");
	isnt($house->admin('check')->{exit}, 0, "$what: check does not say "
	    . 'that all is well');
	like($house->admin('doctor')->{out}, qr/\bproblem\b.*database/,
	    "$what: nor does doctor");
}

# A new worker has all rows that were answered 200.
sub restarted {
	my ($house, $what, $rows) = @_;
	$house->worker;
	is(scalar @{ $house->integrations }, $rows,
	    "$what: each 200 is there, and no more");
	saved_ok($house->fcgi(json => body()), "$what: restarted, it serves");
	is($house->stop_worker->{exit}, 0, "$what: and stops");
	is($house->admin('check')->{exit}, 0, "$what: check: all is well");
}

# Moved away, and back.
{
	my $house = live_house();
	my $away = "$house->{dir}/away";
	mkdir $away or die $!;
	rename "$house->{database}$_", "$away/db$_" or die $!
	    for '', '-wal', '-shm';
	refused($house->fcgi(json => body()), 'moved away: 500') for 1 .. 3;
	is($house->fcgi(method => 'GET', path => '/healthz', key => undef)
	    ->{status}, 503, 'and not healthy');
	copy("$away/db$_", "$house->{database}$_") or die $! for '', '-wal';
	refused($house->fcgi(json => body()), 'a restored copy in its place: '
	    . '500 until the worker is started again');
	unlink map { "$house->{database}$_" } '', '-wal';
	rename "$away/db$_", "$house->{database}$_" or die $!
	    for '', '-wal', '-shm';
	refused($house->fcgi(json => body()), 'put back: who knows what came '
	    . 'between');
	is($house->stop_worker->{exit}, 0, 'the worker stops');
	restarted($house, 'moved and put back', 5);
}

# The index, the log, the lock: removed, or another file in its place.
my %taken = (
	'-shm removed' => sub { unlink "$_[0]-shm" or die $! },
	'-wal replaced by an empty one' => sub {
		unlink "$_[0]-wal" or die $!;
		spew("$_[0]-wal", '', 0600);
	},
	'-wal emptied' => sub { spew("$_[0]-wal", '') },
	'-wal removed' => sub { unlink "$_[0]-wal" or die $! },
);
for my $what (sort keys %taken) {
	for my $end (qw(TERM KILL)) {
		my $house = live_house();
		$taken{$what}->($house->{database});
		nobody_works_on($house, $what, $what =~ /emptied/
		    ? qr/is shorter than its index says/
		    : qr/was taken away or replaced while|is shorter than its index/);
		$house->{worker}{stopped} = 1;
		stop($house->{worker}{pid}, signal => $end, seconds => 60);
		# What was emptied in place is gone; it is not acknowledged
		# either that anything came after.
		next if $what =~ /emptied/;
		unlink map { "$house->{database}$_" } '-wal', '-shm'
		    if $what =~ /-wal/;
		restarted($house, "$what, $end", 5);
	}
}

# The lock of a removed lock file binds no one.
{
	my $house = live_house();
	unlink "$house->{database}.lock" or die $!;
	refused($house->fcgi(json => body()), 'the lock file removed: 500');
	ok($house->log_says(qr/lock file .* was taken away/),
	    'and the log says so');
	is($house->stop_worker->{exit}, 0, 'the worker stops');
	restarted($house, 'lock file removed', 5);
}

# A backup that is written over the live file.
for my $what ('cp', 'cat') {
	my $house = live_house();
	my $backup = "$house->{dir}/backup.db";
	$house->admin_ok('backup', $backup);
	saved_ok($house->fcgi(json => body()), 'a save after the backup');
	open my $from, '<:raw', $backup or die $!;
	open my $to, $what eq 'cp' ? '>:raw' : '+<:raw', $house->{database}
	    or die $!;
	local $/;
	print {$to} readline $from;
	close $to or die $!;
	nobody_works_on($house, "a backup over it by $what",
	    qr/was changed by another program/);
	is($house->stop_worker->{exit}, 0, 'the worker stops');
}

# Two names make two logs.
{
	my $house = house();
	link $house->{database}, "$house->{database}.other" or die $!;
	my $key = $house->admin(qw(key create --user u));
	isnt($key->{exit}, 0, 'a database with a hard link: no key');
	like($key->{err}, qr/has 2 names \(hard links\)/, 'it says why');
	like($house->admin('doctor')->{out}, qr/\bproblem\b.*database/,
	    'doctor finds it');
	unlink "$house->{database}.other" or die $!;
	like($house->admin_ok(qw(key create --user u)), qr/\Asrk_/,
	    'without it: a key');
}

# A stop leaves a database that can be copied as one file, whoever wrote last.
{
	my $house = live_house();
	is($house->cgi(json => body())->{status}, 200, 'a save by CGI');
	$house->admin_ok(qw(key create --user someone));
	is($house->stop_worker->{exit}, 0, 'the worker stops');
	my $copy = "$house->{dir}/copy";
	mkdir $copy or die $!;
	copy($house->{database}, "$copy/strongroom.db") or die $!;
	my $conf = spew("$house->{dir}/copy.conf", slurp($house->{conf})
	    =~ s/^database = .*$/database = "$copy\/strongroom.db"/mr);
	my $list = $house->admin(qw(integration list --config), $conf,
	    { bare => 1 });
	is(() = $list->{out} =~ /\bu\d+\b/g, 6, 'the file alone has all rows');
	like($house->admin(qw(key list --config), $conf, { bare => 1 })->{out},
	    qr/someone/, 'and all keys');
}

finish();
