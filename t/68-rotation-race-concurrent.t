#!/usr/bin/perl
# A key is rotated once more, because the answer was lost, in the very moment
# in which its new one is used first: one of the two wins, whatever processes
# they are, so that nobody works with a key that is revoked under his hands and
# no two keys are in use.

use strict;
use warnings;
use Test::More;
use Strongroom;
use Strongroom::Json qw(decode);
use Strongroom::Proc qw(parallel);

use constant KEYS => '/api/v2/api-keys';
my $rounds = 30;

my $house = house();
my @sockets = map { $house->worker->{socket} } 1 .. 2;

# Ask by one way: a worker's number, or by CGI.
sub ask {
	my ($way, %o) = @_;
	my @what = (type => undef, %o);
	return $way eq 'cgi' ? $house->cgi(@what)
	    : $house->fcgi(@what, socket => $sockets[$way]);
}

sub rotate {
	my ($way, $key) = @_;
	return ask($way, key => $key, method => 'POST',
	    path => KEYS . '/self/rotate');
}

my (%said, @wrong);
my @ways = ([0, 0], [0, 1], [1, 'cgi'], ['cgi', 0]);
for my $round (1 .. $rounds) {
	my $key = $house->admin_ok(qw(key create --user), "u$round");
	chomp $key;
	my $new = decode(rotate(0, $key)->{body})->{data}{api_key};
	my ($user, $rotator) = @{ $ways[$round % @ways] };
	my @got = map { $_->[0] } parallel(2, sub {
		return $_[0] == 0 ? ask($user, key => $new, method => 'GET',
		    path => KEYS . '/self')->{status}
		    : rotate($rotator, $key)->{status};
	});
	$said{"@got"}++;
	# What holds from then on is what was answered.
	my $after = ask($user, key => $new, method => 'GET',
	    path => KEYS . '/self')->{status};
	push @wrong, "round $round: @got, then $after"
	    if "@got $after" !~ /\A(?:200 409 200|401 200 401)\z/;
}
is(join("\n", @wrong), '', 'one of the two wins');
diag(join ', ', map { "$said{$_} times $_" } sort keys %said);
is($house->admin('check')->{exit}, 0, 'check: all is well');

# No round has left two new keys that are good.
my ($row) = $house->rows('SELECT count(*) AS n FROM (SELECT 1 FROM api_keys '
    . 'WHERE replaces IS NOT NULL AND revoked_at IS NULL GROUP BY replaces '
    . 'HAVING count(*) <> 1) AS x');
is($row->{n}, 0, 'each key has one in its place');

finish();
