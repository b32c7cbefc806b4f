#!/usr/bin/perl
# Lists are read beside everything else: while all threads that read are in the
# middle of one, the worker answers, saves and stops; and beside saves a list has
# each row once.

use strict;
use warnings;
use IO::Select;
use Test::More;
use Strongroom;
use Strongroom::FastCGI qw(fcgi_connect fcgi_begin fcgi_params fcgi_stdin
    fcgi_send fcgi_read parse_cgi);
use Strongroom::Json qw(decode);
use Strongroom::Preload qw(within);
use Strongroom::Proc qw(launch now pause running stop wait_until);

use constant { LIST => '/api/v2/integrations', THREADS => 2 };

my %get = (method => 'GET', type => undef, length => undef);

# Some thousands of rows, so that what filters has a page of 2,000 to look at.
sub fill {
	my ($house, $count) = @_;
	my $user = $house->user;
	$house->tamper(<<"SQL");
WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < $count)
INSERT INTO integrations (integration_id, created_by, unique_identifier, name,
    integration_type, status, active, has_auth_data, has_scope_data, created_at,
    updated_at, revision, metadata)
SELECT printf('%08x-0000-4000-8000-%012x', i, i), '$user', 'row-' || i,
    'row ' || i, CASE i % 3 WHEN 0 THEN 'jira' ELSE 'github' END, 'active', 1,
    0, 0, '2024-01-15T10:30:00.000000', '2024-01-15T10:30:00.000000', 1,
    '{"instance_name":"n","created_via":"manual","version":null,'
    || '"description":null,"tags":[]}' FROM n;
SQL
}

# -- lists that are held

my ($env, $why) = within('hold', [program('strongroom'), 'version'],
    sub { (HOLD_READY => "$_[0]/ready") }, sub { -l "$_[0]/ready" });
delete $env->{HOLD_READY} if $env;

sub begun {
	my ($house, $query) = @_;
	my $sock = fcgi_connect($house->{worker}{socket}) or die "connect: $!";
	fcgi_send($sock, fcgi_begin(0) . fcgi_params($house->fcgi_params_of(%get,
	    path => LIST, query => $query)) . fcgi_stdin(''));
	return $sock;
}

sub answer_of { parse_cgi(fcgi_read($_[0], 60 * slow())->{stdout}) }

# Wait until so many lists are held, by all there ever were.
sub held {
	my ($house, $count) = @_;
	return wait_until(60 * slow(), sub {
		return $count == (() = slurp($house->{worker}{log})
		    =~ /^hold: /mg);
	});
}

sub health {
	$_[0]->fcgi(%get, path => '/healthz', key => undef)->{status};
}

sub held_house {
	my (%conf) = @_;
	my $house = house(conf => \%conf);
	fill($house, 5000);
	$house->worker(env => { %$env, HOLD => "$house->{dir}/hold" });
	$house->key;
	return ($house, spew("$house->{dir}/hold", ''));
}

SKIP: {
	skip $why, 1 if !$env;
	my ($house, $hold) = held_house(busy_timeout_ms => 60_000);
	my @lists = map { begun($house, "tag=none&limit=$_") } 1 .. 8;
	ok(held($house, THREADS), 'as many lists are held as threads read');
	is(health($house), 200, 'meanwhile health is answered');
	my @saved = map { saved_ok($house->fcgi(json => { name => "n $_",
	    integration_type => 'jira', unique_identifier => "u $_" }),
	    "save $_ is") } 1 .. 20;
	my $read = $house->fcgi(%get, path => LIST
	    . "/$saved[3]{integration_id}");
	is($read->{status}, 200, 'so is a read');
	is($house->fcgi(%get, path => LIST, key => 'x')->{status}, 401,
	    'a stranger who asks for a list');
	is($house->fcgi(%get, path => LIST, query => 'limit=0')->{status}, 422,
	    'and a list that has a fault');
	my @answered = IO::Select->new(@lists)->can_read(0);
	is(scalar @answered, 0, 'and no list, up to here');
	close shift @lists;	# held, or behind those that are
	close pop @lists;
	is(health($house), 200, 'peers who do not wait leave');
	is(scalar(() = slurp($house->{worker}{log}) =~ /^hold: /mg), THREADS,
	    'and no other thread has begun a list');
	unlink $hold or die "$hold: $!";
	is(join(' ', map { answer_of($_)->{status} } @lists),
	    join(' ', (200) x 6), 'when they are let go, lists are answered');
	my $first = decode($house->fcgi(%get, path => LIST,
	    query => 'limit=1')->{body})->{data}{integrations}[0];
	is($first->{unique_identifier}, 'u 20', 'the last save comes first');
}

SKIP: {
	skip $why, 1 if !$env;
	my ($house, $hold) = held_house(busy_timeout_ms => 300);
	my @held = map { begun($house, 'limit=1') } 1 .. THREADS;
	ok(held($house, THREADS), 'the threads are held');
	my $from = now();
	my @late = map { begun($house, 'limit=1') } 1 .. 3;
	is(health($house), 200, 'others wait behind them');
	pause(0.01) while now() - $from < 0.5;
	unlink $hold or die "$hold: $!";
	is(answer_of($_)->{status}, 200, 'who was held gets his list') for @held;
	for my $sock (@late) {
		my $busy = answer_of($sock);
		answer_is($busy, 503, '{"success":false,"data":null,"error":'
		    . '"Failed to list integrations: Database is busy"}',
		    'who has waited longer than busy_timeout_ms does not');
		is($busy->{headers}{'retry-after'}, 1, 'and may come again');
	}
	is($house->fcgi(%get, path => LIST)->{status}, 200, 'later ones do');
}

# The stop waits for a list as for everything that is under way.
SKIP: {
	skip $why, 1 if !$env;
	my ($house, $hold) = held_house(busy_timeout_ms => 60_000);
	my @lists = map { begun($house, 'limit=1') } 1 .. THREADS + 4;
	ok(held($house, THREADS), 'lists are held');
	kill 'TERM', $house->{worker}{pid};
	ok($house->log_says(qr/stopping on signal/), 'the worker stops');
	pause(3);		# longer than it lets others come and go
	ok(running($house->{worker}{pid}), 'and waits for them');
	unlink $hold or die "$hold: $!";
	my @said = map { answer_of($_)->{status} } @lists;
	is(join(' ', @said[0 .. THREADS - 1]), join(' ', (200) x THREADS),
	    'they are answered');
	is(join(' ', @said[THREADS .. $#said]), '503 503 503 503',
	    'those behind them are told to come again');
	is($house->stop_worker->{exit}, 0, 'and it ends in order');
}

# -- lists beside saves

my $house = house();
fill($house, 3000);
$house->key;
$house->worker;

# Walk a list to its end: the identifiers, or what was answered instead.
sub walk {
	my ($query) = @_;
	my ($cursor, @ids) = ('');
	do {
		my $answer = $house->fcgi(%get, path => LIST,
		    query => "$query$cursor");
		return "status $answer->{status}" if $answer->{status} != 200;
		push @ids, $answer->{body} =~ /"unique_identifier":"([^"]+)"/g;
		($cursor) = $answer->{body} =~ /"next_cursor":"([^"]+)"/;
		$cursor &&= "&cursor=$cursor";
	} while defined $cursor;
	return @ids;
}

my $end = "$house->{dir}/end";
my $saves = launch(2, sub {
	my ($i) = @_;
	my ($n, $bad) = (0, 0);
	until (-e $end) {
		$n++;
		$bad += $house->fcgi(json => { name => "again $n",
		    integration_type => 'github', unique_identifier =>
		    $n % 2 ? "new-$i-$n" : 'row-' . (3 * ($n % 500) + 1) })
		    ->{status} != 200;
		$bad += health($house) != 200;
	}
	return ($n, $bad);
});
my @queries = ('limit=200', 'limit=50&integration_type=jira',
    'limit=7&q=row%202&status=active', 'limit=200&tag=none');
my $walks = launch(4, sub {
	my ($i) = @_;
	my @wrong;
	for my $round (1 .. 5) {
		my @ids = walk($queries[$i]);
		my %times;
		$times{$_}++ for @ids;
		my @twice = grep { $times{$_} > 1 } keys %times;
		push @wrong, "twice: @twice[0 .. 3]" if @twice;
		my $rows = grep { /\Arow-/ } @ids;
		my @want = (3000, 1000, 1111, 0);
		push @wrong, "$rows rows: $ids[0]"
		    if $i != 2 && $rows != $want[$i]
		    || $i == 2 && $rows > $want[2];
	}
	return @wrong;
});
my @wrong = map { @$_ } $walks->();
is(join(', ', @wrong), '', 'beside saves, lists have each row once');
spew($end, '');
is($_->[1], 0, "all of $_->[0] saves go well") for $saves->();

finish();
