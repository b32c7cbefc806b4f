#!/usr/bin/perl
# From every thread inside the sandbox: files, sockets, programs and more that
# are none of its business. The control is the same tries without it.

use strict;
use warnings;
use Test::More;
use Strongroom;
use Strongroom::Figure;
use Strongroom::Proc qw(run);

my $unit = program('t/unit/ground/sandbox');
plan skip_all => 'the unit test of the sandbox is not built' if !-x $unit;
my $done = run(cmd => [$unit]);
my ($figure) = $done->{out} =~ /^# figure: (.*)/m;
my ($control) = $done->{out} =~ /^# control: (.*)/m;
plan skip_all => 'this build or kernel has no whole sandbox' if !$figure;
figure("$figure; limit: all");
control("without the sandbox, $control");
my ($denied, $tries) = $figure =~ /(\d+) of (\d+)/;
cmp_ok($tries, '>=', 80, 'many tries');
is($denied, $tries, 'all denied');
like($control, qr/\A0 of $tries /, 'without the sandbox none is');
is($done->{exit}, 0, 'and the test says the same') || diag($done->{out});

done_testing();
