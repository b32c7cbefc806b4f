#!/usr/bin/perl
# What has come together is served together: in a turn of the loop the files
# of the database and the document root are looked at once, however many
# requests there are, and its saves are one commit.

use strict;
use warnings;
use Test::More;
use Strongroom;
use Strongroom::FastCGI qw(fcgi_connect fcgi_begin fcgi_params fcgi_stdin
    fcgi_send fcgi_read parse_cgi);
use Strongroom::Proc qw(run wait_until);

use constant { PEERS => 40, LOOKS => 40, COMMITS => 4 };

plan skip_all => 'a sanitizer makes calls of its own' if slow() > 1;
my $probe = run(cmd => ['strace', '-qqq', '-o', '/dev/null', 'true']);
plan skip_all => 'strace cannot trace here' if $probe->{exit} ne '0';

my $house = house();
my $calls = "$house->{dir}/calls";
my $worker = $house->worker(before => ['strace', '-D', '-f', '-qqq', '-o',
	$calls, '-e', 'trace=%%stat,fdatasync', '--']);

# A request over a connection that is kept.
sub ask {
	my ($sock, $body) = @_;
	fcgi_send($sock, fcgi_begin(1) . fcgi_params(
	    $house->fcgi_params_of(body => $body)) . fcgi_stdin($body))
	    or die 'nothing is taken';
}

sub status {
	my $got = fcgi_read($_[0], 60);
	return $got->{ended} ? parse_cgi($got->{stdout})->{status} : 'none';
}

# How many of these calls there were since the last time.
sub counts {
	my $text = slurp($calls);
	spew($calls, '');
	return (scalar(() = $text =~ /\bfdatasync\(/g),
	    scalar(() = $text =~ /\b\w*stat\w*\(/g));
}

my @peers = map { fcgi_connect($worker->{socket}) or die $! } 1 .. PEERS;
for my $peer (@peers) {
	ask($peer, with_auth('{"access_token":"t"}'));
	is(status($peer), 200, 'one after the other') || last;
}
my ($syncs, $looks) = counts();
cmp_ok($syncs, '>=', PEERS, 'each of them is a commit');
cmp_ok($looks, '>=', PEERS * 4, 'and looks at all files');

# All are there when the loop goes on.
for my $body ('{}', with_auth('{"access_token":"t"}')) {
	kill 'STOP', $worker->{pid};
	my @threads = glob "/proc/$worker->{pid}/task/*/stat";
	ok(wait_until(30, sub { !grep { slurp($_) !~ /\) [Tt] / } @threads }),
	    'all threads stand still') or last;
	ask($_, $body) for @peers;
	kill 'CONT', $worker->{pid};
	my %seen = map { status($_) => 1 } @peers;
	is(join(' ', keys %seen), $body eq '{}' ? 422 : 200, 'all at once');
	($syncs, $looks) = counts();
	cmp_ok($looks, '<=', LOOKS, 'files are looked at once');
	cmp_ok($looks, '>', 0, 'but they are');
	$body eq '{}' ? is($syncs, 0, 'nothing is committed')
	    : cmp_ok($syncs, '<=', COMMITS, 'one commit');
}

finish();
