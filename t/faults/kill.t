#!/usr/bin/perl
# Two workers and CGI processes save to one database; again and again one of
# the workers is killed, and a CGI process dies at one of its writes. What was
# acknowledged is there.

use strict;
use warnings;
use Test::More;
use Strongroom;
use Strongroom::Figure;
use Strongroom::Inject;
use Strongroom::Load;
use Strongroom::Proc qw(stop pause);

my $house = house(conf => { log_level => 'warning' });

# Kill one of the workers so often; 0.05 to 0.5 seconds between two kills.
sub kill_workers {
	my ($rounds, $workers, $start) = @_;
	for (1 .. $rounds) {
		pause(0.05 + rand 0.45);
		my $i = int rand @$workers;
		$workers->[$i]{stopped} = 1;
		stop($workers->[$i]{pid}, signal => 'KILL');
		$workers->[$i] = $start->($workers->[$i]{socket});
	}
}

my $rounds = rounds(20, 200);
my $start = sub { $house->worker(socket => $_[0]) };
my @workers = map { $house->worker } 1, 2;
my $load = load($house, clients => 5,
    doors => ['fcgi', 'fcgi', 'fcgi', 'fcgi', 'cgi'],
    sockets => [map { $_->{socket} } @workers],
    cgi_env => sub { rand() < 0.5 ? {}
	: inject($house, 'change:' . (rand() < 0.5 ? 'kill:' : 'tear:')
	. (1 + int rand 12)) });
ok($load->wait_for(100), 'saves before the first kill');
kill_workers($rounds, \@workers, $start);
ok($load->wait_for(100), 'saves after the last kill');
my $count = $load->stop;
is(join(' ', grep { !/\A(?:200|503|599|0)\z/ } sort keys %$count), '',
    'answered were 200 and 503 only, or nothing');
cmp_ok($count->{599} // 0, '>', 0, 'kills have cut connections');
cmp_ok($count->{0} // 0, '>', 0, 'CGI processes have died');
$load->kept("$rounds kills");
figure("$rounds kills of a worker, $count->{0} of a CGI process: lost "
    . scalar(grep { /\A(?:lost|old)/ } $load->faults)
    . " of $count->{200} acknowledged saves, 0 may be");

# The same of a worker that answers before it commits.
my $broken = house(conf => { log_level => 'warning' });
$start = sub { $broken->worker(socket => $_[0],
	env => inject($broken, 'commit:early:1+:50')) };
@workers = ($start->());
$load = load($broken);
ok($load->wait_for(100), 'saves of a worker that answers too early');
kill_workers(3, \@workers, $start);
$count = $load->stop;
stop($workers[0]{pid}, signal => 'KILL');
$workers[0]{stopped} = 1;
my $lost = grep { /\A(?:lost|old)/ } $load->faults;
cmp_ok($lost, '>', 0, 'control: a worker that answers before it commits loses '
    . 'saves');
control("answers before the commit, 4 kills: lost $lost of $count->{200}");

finish();
