#!/usr/bin/perl
# Apache as it is configured in apache/: its own refusals are JSON too, bodies
# touch no disk, and what is missing is named.

use strict;
use warnings;
use Test::More;
use Strongroom;
use Strongroom::FastCGI qw(fcgi_overheard);
use Strongroom::Front qw(refusal_is large chunked front_answers no_key_in);
use Strongroom::Http qw(raw_http http_request);
use Strongroom::Proc qw(run stop);

my $modules = (grep { -d } qw(/usr/lib/apache2/modules
    /usr/libexec/apache2 /usr/lib64/httpd/modules))[0];
plan skip_all => 'there is no apache2' if !$modules;
my $body = '{"name":"n","integration_type":"jira","auth_data":'
    . '{"access_token":"t"}}';

# Some answers of Apache need a place of their own to come from.
my @own = (401, 403, 404, 412, 421, 426, 429, 431, 500, 502, 503, 504);
my $places = join '', map { <<"CONF" } @own;
<Location "/own-$_">
	Redirect $_ "/own-$_"
</Location>
CONF
$places .= <<'CONF';
<Location "/closed">
	Require all denied
</Location>
CONF

# What Apache refuses in the same words, whatever the way to the worker.
sub refusals {
	my ($house, $front, $way) = @_;
	my $port = $front->{port};
	my $head = 'POST ' . SAVE . " HTTP/1.1\r\nHost: localhost\r\n"
	    . "Connection: close\r\nx-api-key: " . $house->key . "\r\n";
	my @raw = (
		['no request at all', 400, "NONSENSE\r\n\r\n"],
		['no Host', 400, "GET / HTTP/1.1\r\n\r\n"],
		['a bad Content-Length', 400,
		    "${head}Content-Length: 5x\r\n\r\nhello"],
		['a long URI', 414, 'GET /' . 'x' x 40_000
		    . " HTTP/1.1\r\nHost: l\r\n\r\n"],
		['a long header', 400, "${head}X-Long: " . 'x' x 40_000
		    . "\r\n\r\n"],
		['a line that is no header', 400, "${head}x-api-key "
		    . $house->key . "\r\n\r\n"],
		['an unknown Transfer-Encoding', 400,
		    "${head}Transfer-Encoding: nonsense\r\n\r\n"],
		['TRACE', 405, "TRACE / HTTP/1.1\r\nHost: l\r\n"
		    . "Connection: close\r\n\r\n"],
		['an escaped slash', 404, "GET /a%2fb HTTP/1.1\r\nHost: l\r\n"
		    . "Connection: close\r\n\r\n"],
	);
	refusal_is(raw_http($port, $_->[2]), $_->[1], "$way: $_->[0]")
	    for @raw;
	for my $own (@own) {
		my $got = $house->http(front => $front, key => undef,
		    path => "/own-$own");
		refusal_is($got, $own, "$way: Apache's own $own");
		is($got->{headers}{'retry-after'}, $own == 429 ? 1 : undef,
		    "$way: Retry-After where trying again helps");
	}
	refusal_is($house->http(front => $front, path => '/closed'), 403,
	    "$way: a place that is closed");
}

sub house_for {
	my ($way) = @_;
	my $house = house(web => $way eq 'proxy-fcgi' ? 'socket' : 'files');
	$house->worker(args => [web_group()]) if $way eq 'proxy-fcgi';
	return $house;
}

# The files that anybody makes, beside those of the house, while large bodies
# come in.
sub files_made {
	my ($way, $lines) = @_;
	my $house = house_for($way);
	my $trace = "$house->{top}/trace";
	my $front = $house->apache_way($way, lines => $lines, wrap =>
	    ['strace', '-D', '-f', '-qq', '-e', 'trace=open,openat,creat,'
	    . 'memfd_create', '-o', $trace]);
	my $send = sub { $house->http(front => $front, @_) };
	saved_ok($send->(body => large(900_000)), "$way: a large body");
	saved_ok($send->(length => undef, body => chunked(large(100_000)),
	    headers => ['Transfer-Encoding' => 'chunked']),
	    "$way: and one in chunks");
	stop($front->{pid});
	my $text = slurp($trace);
	like($text, qr/strongroom-common|apache.conf/, "$way: was watched");
	return 'unseen' if $text =~ /\(AT_FDCWD, 0x/;
	# A build for coverage writes its counters.
	return grep { !m{"(?:\Q$house->{dir}\E|/dev)/|\.gcda"} } $text =~
	    /^.*(?:O_CREAT|O_TMPFILE|creat\(|memfd).*$/mg;
}

sub touches_no_disk {
	my $limit = "FcgidMaxRequestInMem 65536\n";
	my %made = (limit => [files_made('fcgid', $limit)],
	    map { $_ => [files_made($_, '')] } qw(proxy-fcgi fcgid cgid));
	SKIP: {
		skip 'strace may not read the memory of others here', 4
		    if grep { "@$_" eq 'unseen' } values %made;
		like("@{ delete $made{limit} }", qr/fcgid/,
		    "mod_fcgid's own limit would put it into one");
		is(join("\n", @{ $made{$_} }), '', "$_: no body lies in a file")
		    for sort keys %made;
	}
}

for my $way (qw(proxy-fcgi fcgid cgid)) {
	my $house = house_for($way);
	my $front = $house->apache_way($way, lines => $places);
	refusals($house, $front, $way);
	front_answers($house, $front, $way);
	if ($way eq 'proxy-fcgi') {
		my $socket = $house->{worker}{socket};
		is($house->stop_worker->{exit}, 0, 'the worker ends');
		refusal_is($house->http(front => $front, body => $body), 503,
		    'no worker');
		$house->worker(socket => $socket, args => [web_group()]);
		saved_ok($house->http(front => $front, body => $body),
		    'a new worker is found at once');
	}
	no_key_in($house, $way, "$front->{dir}/error.log");
}
# Headers that a client may not set for the worker.
{
	my $house = house(web => 'socket', init => 0);
	my ($ear, $at) = $house->listener('ear');
	chmod 0666, $at;
	$house->{worker} = { socket => $at };
	my $front = $house->apache_way('proxy-fcgi', before =>
	    qq(ProxyPass "/stuck" "unix:$at|fcgi://stuck/" timeout=1\n),
	    lines => "RequestReadTimeout header=1 body=1\n");
	my $heard = fcgi_overheard($ear, sub {
		http_request($front->{port}, { method => 'POST', path => '/x',
		    query => '', body => $body, type => 'text/plain', headers =>
		    [Proxy => 'http://evil/', 'X-Other' => 'heard'] });
	});
	like($heard, qr/HTTP_X_OTHERheard/, 'a header reaches the worker');
	unlike($heard, qr/evil/, 'Proxy does not');
	refusal_is($house->http(front => $front, path => '/stuck',
	    key => undef), 504, 'a worker that does not answer');
	my $head = "POST /x HTTP/1.1\r\nHost: l\r\nContent-Length: 10\r\n";
	refusal_is(raw_http($front->{port}, $head), 408,
	    'headers that do not come');
	refusal_is(raw_http($front->{port}, "$head\r\nhello"), 408,
	    'a body that does not come');
}
# Leaks cannot be looked for in a program that is traced, and only root can
# look into one that keeps keys.
touches_no_disk() if slow() == 1 && $> == 0 && run(cmd => ['strace', 'true'])->{exit} eq '0';

# A module that is not there is named, with the cure.
for (['headers', [], 'proxy-fcgi', 'a2enmod headers'],
    ['proxy_fcgi', [qw(headers unique_id reqtimeout)], 'proxy-fcgi',
    'a2enmod proxy_fcgi'],
    ['fcgid', [qw(headers unique_id reqtimeout)], 'fcgid', 'a2enmod fcgid'],
    ['cgid', [qw(headers unique_id reqtimeout)], 'cgid', 'a2enmod cgid']) {
	my ($module, $loaded, $way, $cure) = @$_;
	my $house = house(init => 0);
	my $dir = $way eq 'proxy-fcgi' ? source() : program('.');
	my $conf = spew("$house->{dir}/missing.conf", join("\n",
	    "ServerRoot \"$house->{dir}\"", 'ServerName localhost',
	    (map { qq(LoadModule ${_}_module "$modules/mod_$_.so") }
	    'mpm_event', @$loaded), 'Include "' . source()
	    . '/apache/strongroom-common.conf"',
	    qq(Include "$dir/apache/strongroom-$way.conf"), ''));
	my $said = run(cmd => ['apache2', '-t', '-f', $conf]);
	isnt($said->{exit}, 0, "without mod_$module Apache does not start");
	like($said->{err}, qr/\bstrongroom needs .*\Q$cure\E$/m,
	    'and says what to do');
}
finish();
