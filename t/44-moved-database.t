#!/usr/bin/perl
# A database, or its lock file, that is moved under a running worker: nothing
# is acknowledged that the path does not hold.

use strict;
use warnings;
use File::Copy qw(copy);
use Test::More;
use Strongroom;

my $house = house();
$house->worker;
my $saved = 0;

sub save {
	return $house->fcgi(json => { name => 'n', integration_type => 'jira',
	    unique_identifier => 'u' . $saved++ });
}

saved_ok(save(), 'a save');
my $away = "$house->{dir}/away";
mkdir $away or die $!;
rename "$house->{database}$_", "$away/db$_" or die $!
    for '', '-wal', '-shm';
error_is(save(), 500, 'Database connection failed', 'moved away: 500')
    for 1 .. 3;
is($house->fcgi(method => 'GET', path => '/healthz', key => undef)->{status},
    503, 'and not healthy');

copy("$away/db$_", "$house->{database}$_") or die $! for '', '-wal';
error_is(save(), 500, 'Database connection failed',
    'a restored copy in its place: 500 until the worker is started again');
unlink map { "$house->{database}$_" } '', '-wal';
rename "$away/db$_", "$house->{database}$_" or die $!
    for '', '-wal', '-shm';
saved_ok(save(), 'put back: it serves again');
is(scalar @{ $house->integrations }, 2, 'each 200 is there, and no more');
# Which it says depends on whether the thread had the database open.
my @says = ('was moved or replaced', 'another database is in the place',
    'cannot be opened');
like(slurp($house->{worker}{log}), qr/@{[join '|', @says]}/,
    'the log says what happened');

# The lock of a removed lock file binds no one.
unlink "$house->{database}.lock" or die $!;
saved_ok(save(), 'the lock file is removed: a save');
ok(-e "$house->{database}.lock", 'makes it again');

# A stop leaves a database that can be copied as one file.
is($house->stop_worker->{exit}, 0, 'the worker stops');
my $copy = "$house->{dir}/copy";
mkdir $copy or die $!;
copy($house->{database}, "$copy/strongroom.db") or die $!;
my $conf = spew("$house->{dir}/copy.conf", slurp($house->{conf})
    =~ s/^database = .*$/database = "$copy\/strongroom.db"/mr);
my $list = $house->admin(qw(integration list --config), $conf,
    { bare => 1 });
is(() = $list->{out} =~ /\bu\d\b/g, 3, 'the file alone has all rows');

finish();
