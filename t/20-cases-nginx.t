#!/usr/bin/perl
# The sample of requests, over nginx and FastCGI.

use strict;
use warnings;
use Test::More;
use Strongroom;
use Strongroom::Cases qw(run_cases);

my $house = house();
$house->worker(via => 'spawn-fcgi');
$house->nginx;
my $saved = run_cases($house, sub { $house->http(@_) }, '');
is(scalar @{ $house->integrations }, $saved,
    'there is a row for each 200 and for nothing else');
is($house->admin('check')->{exit}, 0, 'every box opens');

finish();
