#!/usr/bin/perl
# Apache as it is configured in apache/: its own refusals are JSON too, bodies
# touch no disk, and what is missing is named.

use strict;
use warnings;
use Test::More;
use Strongroom;
use Strongroom::FastCGI qw(fcgi_overheard);
use Strongroom::Http qw(raw_http http_request);
use Strongroom::Json qw(decode);
use Strongroom::Proc qw(run stop);

my $modules = (grep { -d } qw(/usr/lib/apache2/modules
    /usr/libexec/apache2 /usr/lib64/httpd/modules))[0];
plan skip_all => 'there is no apache2' if !$modules;
my $body = '{"name":"n","integration_type":"jira","auth_data":'
    . '{"access_token":"t"}}';

sub json_refusal {
	my ($answer, $status, $name) = @_;
	my $h = $answer->{headers};
	my $said = eval { decode($answer->{body}) };
	my $fault = $answer->{status} != $status ? "status $answer->{status}"
	    : ($h->{'content-type'} // '') ne 'application/json'
	    ? 'Content-Type ' . ($h->{'content-type'} // 'absent')
	    : ($h->{'cache-control'} // '') ne 'no-store' ? 'Cache-Control'
	    : ($h->{'x-request-id'} // '') !~ /\A[!-~]{8,64}\z/
	    ? 'X-Request-Id ' . ($h->{'x-request-id'} // 'absent')
	    : ref $said ne 'HASH' || !($said->{detail} || $said->{error})
	    ? 'body' : '';
	ok(!$fault, "$name: $status, in JSON") || diag("$fault\n",
	    explain($answer));
}

sub large {
	my ($size) = @_;
	return '{"name":"n","integration_type":"jira","auth_data":'
	    . '{"access_token":"' . 'x' x ($size - 70) . '"}}';
}

sub chunked {
	my ($body) = @_;
	my $text = '';
	for (my $at = 0; $at < length $body; $at += 50_000) {
		my $part = substr $body, $at, 50_000;
		$text .= sprintf("%x\r\n", length $part) . "$part\r\n";
	}
	return "${text}0\r\n\r\n";
}

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
	json_refusal(raw_http($port, $_->[2]), $_->[1], "$way: $_->[0]")
	    for @raw;
}

sub answers {
	my ($house, $front, $way) = @_;
	my $send = sub { $house->http(front => $front, @_) };
	answer_is($send->(path => '/healthz', method => 'GET', key => undef),
	    200, '{"status":"ok"}', "$way: /healthz");
	saved_ok($send->(path => SAVE . '/', body => $body),
	    "$way: .../save/ is the route too");
	answer_is($send->(path => SAVE . '//', body => $body), 404,
	    '{"detail":"Not Found"}', "$way: .../save// is not");
	answer_is($send->(path => '/', method => 'GET', key => undef), 404,
	    '{"detail":"Not Found"}', "$way: / is nothing");
	my $get = $send->(method => 'GET');
	answer_is($get, 405, '{"detail":"Method Not Allowed"}', "$way: GET");
	is($get->{headers}{allow}, 'POST', "$way: with Allow");
	answer_is($send->(body => $body, key => undef, headers =>
	    ['X_Api_Key' => $house->key]), 401,
	    '{"detail":"API key is required"}', "$way: x_api_key is no key");
	answer_is($send->(body => $body, headers => ['x-api-key' =>
	    $house->key]), 401, '{"detail":"Invalid API key"}',
	    "$way: the key twice");
	my $answer = $send->(body => $body, headers => ['X-Request-Id' =>
	    'mine', Proxy => 'http://evil/', Status => '500',
	    'Document-Root' => '/', 'Path-Info' => '/x']);
	saved_ok($answer, "$way: headers with the names of CGI variables");
	isnt($answer->{headers}{'x-request-id'}, 'mine',
	    "$way: X-Request-Id is ours");
	for my $size (70_000, 140_000, 1_048_576) {
		my $whole = large($size);
		is(length $whole, $size, "a body of $size bytes");
		my $data = saved_ok($send->(body => $whole), "$way: is saved");
		is(length $house->reveal($data->{integration_id}), $size - 51,
		    "$way: all of it");
		saved_ok($send->(length => undef, body => chunked($whole),
		    headers => ['Transfer-Encoding' => 'chunked']),
		    "$way: and in chunks") if $size < 1_000_000;
	}
	answer_is($send->(body => large(1_048_577)), 413,
	    '{"detail":"Request body too large"}', "$way: a byte more is not");
	answer_is($send->(body => large(3_000_000)), 413,
	    '{"detail":"Request body too large"}', "$way: nor are 3 MB");
	answer_is($send->(length => undef, body => chunked(large(1_200_000)),
	    headers => ['Transfer-Encoding' => 'chunked']), 413,
	    '{"detail":"Request body too large"}', "$way: nor in chunks");
}

sub no_key_in {
	my ($house, $front, $way) = @_;
	my $log = slurp("$front->{dir}/error.log");
	cmp_ok(length $log, '>', 0, "$way: Apache has a log");
	is(index($log, substr $house->key, 13), -1, "$way: no key in it");
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
	# A build for coverage writes its counters.
	return grep { !m{"(?:\Q$house->{dir}\E|/dev)/|\.gcda"} } $text =~
	    /^.*(?:O_CREAT|O_TMPFILE|creat\(|memfd).*$/mg;
}

sub touches_no_disk {
	for my $way (qw(proxy-fcgi fcgid cgid)) {
		my @made = files_made($way, '');
		is(join("\n", @made), '', "$way: no body lies in a file");
	}
	my @made = files_made('fcgid', "FcgidMaxRequestInMem 65536\n");
	like("@made", qr/fcgid/, "mod_fcgid's own limit would put it into one");
}

for my $way (qw(proxy-fcgi fcgid cgid)) {
	my $house = house_for($way);
	my $front = $house->apache_way($way);
	refusals($house, $front, $way);
	answers($house, $front, $way);
	if ($way eq 'proxy-fcgi') {
		my $socket = $house->{worker}{socket};
		is($house->stop_worker->{exit}, 0, 'the worker ends');
		json_refusal($house->http(front => $front, body => $body), 503,
		    'no worker');
		$house->worker(socket => $socket, args => [web_group()]);
		saved_ok($house->http(front => $front, body => $body),
		    'a new worker is found at once');
	}
	no_key_in($house, $front, $way);
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
	json_refusal($house->http(front => $front, path => '/stuck',
	    key => undef), 504, 'a worker that does not answer');
	my $head = "POST /x HTTP/1.1\r\nHost: l\r\nContent-Length: 10\r\n";
	json_refusal(raw_http($front->{port}, $head), 408,
	    'headers that do not come');
	json_refusal(raw_http($front->{port}, "$head\r\nhello"), 408,
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
