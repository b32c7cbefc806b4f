#!/usr/bin/perl
# A thousand connections that save without pause, through nginx: 200 or 503,
# nothing else; also beside ten thousand that stand idle at nginx and a thousand
# at the worker's socket. The control is a listening socket with a queue of one.

use strict;
use warnings;
use IO::Socket::INET;
use IO::Socket::UNIX;
use Socket qw(SOCK_STREAM);
use Test::More;
use Strongroom;
use Strongroom::FastCGI qw(fcgi_connect);
use Strongroom::Figure;
use Strongroom::Proc qw(run stop wait_until launch);

use constant { CONNECTIONS => 1_000, IDLE => 10_000, PEERS => 1_000,
	HOLDERS => 10, ROOM => 14_000 };

plan skip_all => 'wrk is missing'
    if run(cmd => ['sh', '-c', 'command -v wrk'])->{exit} ne '0';

my $house = house(conf => { log_level => 'error' });
my $key = $house->key;
my $script = spew("$house->{dir}/save.lua", <<"LUA");
local count, threads = {}, {}
function setup(thread) table.insert(threads, thread) end
function init(args) statuses = "" count = {} end
wrk.method = "POST"
wrk.path = "@{[SAVE]}"
wrk.headers["Content-Type"] = "application/json"
wrk.headers["x-api-key"] = "$key"
wrk.body = [[{"name":"n","integration_type":"jira","auth_data":{"access_token":"t"}}]]
function response(status)
	count[status] = (count[status] or 0) + 1
	local text = ""
	for s, n in pairs(count) do text = text .. s .. "=" .. n .. " " end
	statuses = text
end
function done(summary, latency, requests)
	for _, thread in ipairs(threads) do
		io.write("statuses ", thread:get("statuses") or "", "\\n")
	end
	local e = summary.errors
	io.write("errors connect=", e.connect, " read=", e.read, " write=",
	    e.write, "\\n")
	io.write("p99 ", latency:percentile(99) / 1000, "\\n")
end
LUA

# Load for so many seconds: how often each status came, and what broke.
sub load {
	my ($front, $seconds) = @_;
	my $ran = run(cmd => ['wrk', '-t', 2, '-c', CONNECTIONS, '-d',
		"${seconds}s", '--timeout', '30s', '-s', $script,
		$front->{url}], seconds => $seconds + 120);
	my %count;
	while ($ran->{out} =~ /^statuses (.*)/mg) {
		my $line = $1;
		$count{$1} += $2 while $line =~ /(\d+)=(\d+)/g;
	}
	my %broken = $ran->{out} =~ /\b(connect|read|write)=(\d+)/g;
	my ($p99) = $ran->{out} =~ /^p99 ([\d.]+)/m;
	return (\%count, \%broken, $p99) if $p99;
	diag($ran->{out}, $ran->{err});
	return ({}, {}, 0);
}

sub told {
	my ($count) = @_;
	return join ', ', map { "$_ x $count->{$_}" } sort keys %$count;
}

$house->worker;
my $front = $house->nginx(connections => 4096);
my ($count, $broken, $p99) = load($front, rounds(5, 60));
is(join(' ', grep { $_ ne '200' && $_ ne '503' } sort keys %$count), '',
    'only 200 and 503 are answered') || diag(told($count));
cmp_ok($count->{200} // 0, '>', 0, 'saves go on');
is(join(' ', grep { $broken->{$_} } sort keys %$broken), '',
    'no connection breaks');
my ($rows) = $house->rows('SELECT count(*) AS n FROM integrations');
cmp_ok($rows->{n}, '>=', $count->{200} // 0, 'every 200 is a row');
figure(CONNECTIONS . ' connections: ' . told($count)
    . sprintf(', p99 %.0f ms, no 502', $p99));
stop($front->{pid});

# Idle ones, each of which has asked once, held by some processes until the end.
# How many of them were not served, then and at the end.
sub hold {
	my ($front, $socket) = @_;
	my $ask = sub {
		my ($sock) = @_;
		syswrite $sock, "GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n"
		    if $sock;
		sysread $sock, my $answer, 4096 if $sock;
		return ($answer // '') =~ /\AHTTP\/1\.1 200 / ? 0 : 1;
	};
	my $told = launch(HOLDERS, sub {
		my @clients = map { IO::Socket::INET->new(PeerAddr =>
		    "127.0.0.1:$front->{port}") } 1 .. IDLE / HOLDERS;
		my @peers = map { fcgi_connect($socket) } 1 .. PEERS / HOLDERS;
		my $bad = grep { !$_ } @peers;
		$bad += $ask->($_) for @clients;
		spew("$house->{dir}/held-$_[0]", '');
		wait_until(900, sub { -e "$house->{dir}/let-go" });
		return $bad;
	});
	wait_until(120, sub {
		!grep { !-e "$house->{dir}/held-$_" } 0 .. HOLDERS - 1
	});
	return sub {
		my $bad = 0;
		spew("$house->{dir}/let-go", '');
		$bad += $_->[0] for $told->();
		return $bad;
	};
}

my $most = run(cmd => ['sh', '-c', 'ulimit -Hn'])->{out} =~ s/\n//r;
SKIP: {
	skip "only $most open files are allowed, " . ROOM . ' are needed', 4
	    if $most ne 'unlimited' && $most < ROOM;
	$front = $house->nginx(connections => ROOM);
	my $let_go = hold($front, $house->{worker}{socket});
	($count, $broken, $p99) = load($front, rounds(5, 60));
	is($let_go->(), 0, 'every idle client and peer was served');
	is(told($count), "200 x $count->{200}",
	    'beside them all of a thousand busy ones are served, none refused');
	is(join(' ', grep { $broken->{$_} } sort keys %$broken), '',
	    'and no connection breaks');
	($rows) = $house->rows('SELECT count(*) AS n FROM integrations');
	cmp_ok($rows->{n}, '>=', $count->{200}, 'every 200 is a row');
	figure(sprintf('%d busy beside %d idle clients and %d idle peers: %s, '
	    . 'p99 %.0f ms', CONNECTIONS, IDLE, PEERS, told($count), $p99));
	stop($front->{pid});
}
is($house->stop_worker->{exit}, 0, 'and it ends in order');

# -- control

my $path = "$house->{dir}/short.sock";
my $listen = IO::Socket::UNIX->new(Type => SOCK_STREAM, Listen => 1,
    Local => $path) or die "$path: $!";
$house->worker(via => 'inherit', listen => $listen, socket => $path);
$front = $house->nginx(connections => 4096);
($count) = load($front, 2);
cmp_ok($count->{502} // 0, '>', 0, 'a queue of one connection gives 502s');
control('a queue of one: ' . told($count));

finish();
