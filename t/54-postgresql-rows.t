#!/usr/bin/perl
# What the store says of rows, in PostgreSQL as in SQLite: the tests of the
# store that are about rows, each program over a database of its own.

use strict;
use warnings;
use Test::More;
use Strongroom;
use Strongroom::Postgres qw(pg_database pg_missing);
use Strongroom::Proc qw(run);

my $missing = pg_missing();
plan skip_all => $missing if defined $missing;
plan skip_all => 'this build has no PostgreSQL'
    if slurp(program('strongroom')) !~ /libpq\.so/;

my @programs = qw(ahead committer keyfit keyuse store store_audit store_census
    store_change store_erase store_idempotency store_key store_lease store_list
    store_master_key store_page store_reveal store_row store_save writer
    writer_group);
my @units = grep { -x program("t/unit/store/$_") } @programs;
plan skip_all => 'the tests in C were not built' if !@units;
is(scalar @units, scalar @programs, 'all of them are there');

for my $unit (@units) {
	my ($url) = pg_database();
	my $ran = run(cmd => [program("t/unit/store/$unit")],
	    env => { %ENV, SR_UNIT_DATABASE => $url }, seconds => 300);
	is($ran->{exit}, 0, $unit) or diag($ran->{out}, $ran->{err});
	like($ran->{out}, qr/^ok 1 /m, 'which has run');
}

finish();
