#!/usr/bin/perl
# Two workers and CGI write at once, and workers are killed among it: the audit
# stays one chain, each save has its row, and no row is without its save.

use strict;
use warnings;
use Test::More;
use Strongroom;
use Strongroom::Json qw(decode);
use Strongroom::Load;
use Strongroom::Proc qw(stop launch wait_until now);

my $rounds = 4;
my $house = house();
my @workers = map { $house->worker } 1 .. 2;
my $load = load($house, clients => 6, doors => [qw(fcgi fcgi cgi)],
    sockets => [map { $_->{socket} } @workers], sizes => [20]);

# What else changes something, meanwhile: keys of the command line's, and
# erasures of their users.
my $stop = "$house->{dir}/stop";
my $other = launch(1, sub {
	my @wrong;
	for (my $n = 0; !-e $stop && $n < 1000; $n++) {
		for my $words ([qw(key create --user), "u$n"],
		    [qw(user erase), "u$n"]) {
			my $done = $house->admin(@$words);
			push @wrong, "@$words: $done->{err}"
			    if $done->{exit} ne '0';
		}
	}
	return @wrong;
});

sub verify {
	my ($name, @args) = @_;
	my $done = $house->admin(qw(audit verify --json), @args);
	is($done->{exit}, 0, "$name: the audit is whole")
	    || diag($done->{out}, $done->{err});
	return $done->{exit} eq '0' ? decode($done->{out})->{head} : ();
}

my @heads;
ok($load->wait_for(60), 'there is a load');
for my $round (1 .. $rounds) {
	my $worker = $workers[$round % 2];
	ok($load->wait_for(30), "round $round: saves are answered");
	push @heads, verify("round $round, while it is written");
	$worker->{stopped} = 1;
	stop($worker->{pid}, signal => 'KILL');
	push @heads, verify("round $round, after a kill");
	unlink $worker->{socket};
	$workers[$round % 2] = $house->worker(socket => $worker->{socket});
}
my $count = $load->stop;
spew($stop, '');
is(join("\n", map { @$_ } $other->()), '', 'the command line worked');
ok($count->{200} > 100, 'saves by all doors: ' . $load->counts);
is(join(' ', grep { !/\A(?:200|503|599)\z/ } sort keys %$count), '',
    'none has failed but for a kill, or for want of time');
is($house->admin('check')->{exit}, 0, 'check: all is well');
verify('in the end, since ' . s/(:.{8}).*/$1/r, '--from', $_) for @heads;

# One row for each save that is stored: a revision is one save.
my ($row) = $house->rows("SELECT (SELECT sum(revision) FROM integrations) AS "
    . "saves, (SELECT count(*) FROM audit WHERE action = 'save') AS rows, "
    . '(SELECT count(*) FROM (SELECT integration_id FROM audit WHERE action = '
    . "'save' GROUP BY 1 HAVING count(*) <> (SELECT revision FROM integrations "
    . 'AS i WHERE i.integration_id = audit.integration_id)) AS x) AS odd');
is($row->{rows}, $row->{saves}, 'each save has its row, and each row its save');
is($row->{odd}, 0, 'by each integration');
cmp_ok($row->{rows}, '>=', $count->{200}, 'all that were answered among them');

finish();
