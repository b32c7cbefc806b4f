#!/usr/bin/perl
# A thousand connections that save without pause, through nginx: 200 or 503,
# nothing else. The control is a listening socket with a queue of one.

use strict;
use warnings;
use IO::Socket::UNIX;
use Socket qw(SOCK_STREAM);
use Test::More;
use Strongroom;
use Strongroom::Figure;
use Strongroom::Proc qw(run stop);

use constant CONNECTIONS => 1_000;

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
