#!/usr/bin/perl
# lighttpd and Caddy as they are configured in lighttpd/ and caddy/: the same
# answers as behind nginx, refusals of their own in JSON as far as doc/ says,
# no body on a disk, and no key in a log.

use strict;
use warnings;
use Test::More;
use Strongroom;
use Strongroom::FastCGI qw(fcgi_answered fcgi_overheard);
use Strongroom::Front qw(refusal_is large chunked front_answers no_key_in);
use Strongroom::Http qw(raw_http http_request);
use Strongroom::Proc qw(run stop wait_until);
use Strongroom::Web qw(web_servers start_web);

my @servers = web_servers();
plan skip_all => 'there is neither lighttpd nor caddy' if !@servers;
my $body = '{"name":"n","integration_type":"jira","auth_data":'
    . '{"access_token":"t"}}';

# What each says where it can read no request, or none that it likes: status,
# and for lighttpd the headers that are missing. Caddy's is plain text.
my %no_request = (
	lighttpd => { nonsense => 400, 'no Host' => 400, 'a bad length' => 400,
	    'a long URI' => 431, 'a long header' => 431,
	    'an unknown coding' => 501, 'a NUL' => 400, 'HTTP/9.9' => 505 },
	caddy => { nonsense => 400, 'no Host' => 400, 'a bad length' => 400,
	    'a long URI' => 431, 'a long header' => 431,
	    'an unknown coding' => 501, 'HTTP/9.9' => 505 },
);
my %announced_lacks = (lighttpd => ['x-request-id', 'cache-control'],
    caddy => []);
my %lacks = (lighttpd => ['x-request-id'], caddy => []);
my %away = (lighttpd => 503, caddy => 502);

sub cannot_be_read {
	my ($house, $front, $name) = @_;
	my $head = 'POST ' . SAVE . " HTTP/1.1\r\nHost: localhost\r\n"
	    . "Connection: close\r\nx-api-key: " . $house->key . "\r\n";
	my %bytes = (nonsense => "NONSENSE\r\n\r\n",
	    'no Host' => "GET / HTTP/1.1\r\n\r\n",
	    'a bad length' => "${head}Content-Length: 5x\r\n\r\nhello",
	    'a long URI' => 'GET /' . 'x' x 40_000
	    . " HTTP/1.1\r\nHost: l\r\n\r\n",
	    'a long header' => "${head}X-Long: " . 'x' x 40_000 . "\r\n\r\n",
	    'an unknown coding' => "${head}Transfer-Encoding: nonsense\r\n\r\n",
	    'a NUL' => "GET /%00 HTTP/1.1\r\nHost: l\r\n"
	    . "Connection: close\r\n\r\n",
	    'HTTP/9.9' => "GET / HTTP/9.9\r\nHost: l\r\n\r\n");
	my $expected = $no_request{$name};
	for my $what (sort keys %$expected) {
		my $got = raw_http($front->{port}, $bytes{$what});
		if ($name eq 'lighttpd') {
			refusal_is($got, $expected->{$what}, "$name: $what",
			    lacks => $announced_lacks{$name});
			next;
		}
		is($got->{status}, $expected->{$what}, "$name: $what");
		unlike($got->{body}, qr/[<{]/, 'in plain text');
	}
	refusal_is(raw_http($front->{port}, $bytes{'a NUL'}), 400,
	    "$name: a NUL in the path") if $name eq 'caddy';
}

# A worker that goes and comes back.
sub worker_away {
	my ($house, $front, $name) = @_;
	my $socket = $house->{worker}{socket};
	is($house->stop_worker->{exit}, 0, 'the worker ends');
	refusal_is($house->http(front => $front, body => $body), $away{$name},
	    "$name: no worker", lacks => $lacks{$name});
	$house->worker(socket => $socket, args => [web_group()]);
	my $got;
	wait_until(20, sub {
		$got = $house->http(front => $front, body => $body);
		$got->{status} == 200;
	});
	saved_ok($got, "$name: a new worker is found");
}

# What is heard of a request at the socket, and how an answer comes through.
sub passes {
	my ($name) = @_;
	my $house = house(web => 'socket', init => 0);
	my ($ear, $at) = $house->listener('ear');
	chmod 0666, $at;
	my $front = start_web($name, $house, socket => $at);
	my $heard = fcgi_overheard($ear, sub {
		http_request($front->{port}, { method => 'POST', path => '/x',
		    query => 'a=b', body => $body, type => 'text/plain', headers =>
		    [Proxy => 'http://evil/', 'X-Other' => 'heard'] });
	});
	like($heard, qr/HTTP_X_OTHERheard/, "$name: a header reaches the worker");
	unlike($heard, qr/evil/, "$name: Proxy does not");
	like($heard, qr/REMOTE_ADDR127\.0\.0\.1/, "$name: the client's address");
	like($heard, qr/QUERY_STRINGa=b/, "$name: the query");
	like($heard, qr/DOCUMENT_ROOT\Q$house->{dir}\E\/www/,
	    "$name: a document root without our files");
	for my $case (['GET', '200 OK'], ['PATCH', '412 Precondition Failed'],
	    ['DELETE', '200 OK'], ['GET', '503 Service Unavailable']) {
		my ($method, $status) = @$case;
		my ($got, $of) = fcgi_answered($ear, "Status: $status\r\n"
		    . "Content-Type: text/html\r\nCache-Control: no-store\r\n"
		    . "X-Request-Id: id-of-worker\r\nETag: \"3-xyz\"\r\n\r\n<p>",
		    sub {
			raw_http($front->{port}, "$method /api/v2/x HTTP/1.1\r\n"
			    . "Host: l\r\nConnection: close\r\n"
			    . "If-None-Match: \"3-xyz\"\r\nIf-Match: \"2-x\"\r\n"
			    . "Content-Length: 0\r\n\r\n");
		});
		like($of, qr/REQUEST_METHOD$method/, "$name: $method passes");
		like($of, qr/HTTP_IF_MATCH"2-x"/, 'with If-Match');
		like($of, qr/HTTP_IF_NONE_MATCH"3-xyz"/, 'and If-None-Match');
		my $h = $got->{headers};
		is($got->{status}, substr($status, 0, 3), 'so does the answer');
		is($h->{'content-type'}, 'text/html', 'with its type');
		is($h->{'cache-control'}, 'no-store', 'no-store once');
		is($h->{'x-request-id'}, 'id-of-worker', 'its id');
		is($h->{etag}, '"3-xyz"', 'its ETag');
		is($got->{body}, '<p>', 'and its body');
		unlike($h->{server} // '', qr/\d/, 'and no version of a server');
	}
}

# What doc/lighttpd-caddy.md tells of each besides.
sub differs {
	my ($name) = @_;
	my $house = house(web => 'socket');
	$house->worker(args => [web_group()]);
	my $front = start_web($name, $house, replace => $name eq 'caddy'
	    ? ['read_body 15s' => 'read_body 1s'] : []);
	my $head = 'POST ' . SAVE . " HTTP/1.1\r\nHost: localhost\r\n"
	    . 'x-api-key: ' . $house->key . "\r\n";
	my $got = raw_http($front->{port}, "${head}Connection: close\r\n\r\n");
	if ($name eq 'lighttpd') {
		refusal_is($got, 411, 'lighttpd: a POST without a length',
		    lacks => $announced_lacks{$name});
		$house->http(front => $front, path => '/a//b');
		ok($house->log_says(qr{path=/-/a/b status=404}),
		    'lighttpd: what has // has another path');
		return;
	}
	is($got->{status}, 422, 'Caddy: a POST without a length');
	$got = raw_http($front->{port}, "${head}Content-Length: 99\r\n\r\n{",
	    whole => 1);
	refusal_is($got, 504, 'Caddy: a body that does not come in time');
}

# Caddy logs a failure with the request where no handle_errors takes it.
sub caddy_logs_no_key {
	my $house = house(web => 'socket');
	$house->worker(args => [web_group()]);
	my $front = start_web('caddy', $house,
	    replace => ['handle_errors {' => 'route /never {']);
	is($house->stop_worker->{exit}, 0, 'the worker ends');
	is($house->http(front => $front, body => $body,
	    query => 'q=CANARY')->{status}, 502, 'caddy: a failure');
	my $log = "$front->{dir}/error.log";
	ok(wait_until(20, sub { slurp($log) =~ /"logger":"http.log.error/ }),
	    'which it logs');
	no_key_in($house, 'caddy', $log);
	unlike(slurp($log), qr/CANARY/, 'caddy: nor a query');
}

# The client and its id stand in the log of requests, and nothing that was sent.
sub log_has {
	my ($house, $front, $name) = @_;
	my $canary = 'CANARY' . join '', map { chr 97 + rand 26 } 1 .. 20;
	my $got = $house->http(front => $front, body => $body,
	    query => "q=$canary", headers => ['X-Other' => $canary]);
	my $id = $got->{headers}{'x-request-id'};
	ok(wait_until(20, sub {
		slurp($front->{access}) =~ /127\.0\.0\.1.*\Q$id\E/;
	}), "$name: its log of requests has the client and the id");
	unlike(slurp($front->{access}), qr/CANARY/, 'and nothing that was sent');
	my $refused = $house->http(front => $front, key => undef);
	$id = $refused->{headers}{'x-request-id'};
	ok($house->log_says(qr/id=\Q$id\E .*address=127\.0\.0\.1 reason=missing/),
	    "$name: the service's log has the client of a 401");
}

# Where files are made, beside those of the house, while large bodies come in;
# undef where that cannot be seen.
sub files_made {
	my ($name, @replace) = @_;
	my $house = house(web => 'socket');
	$house->worker(args => [web_group()]);
	my $trace = "$house->{top}/trace";
	my $front = start_web($name, $house, replace => \@replace, wrap =>
	    ['strace', '-D', '-f', '-qq', '-e', 'trace=open,openat,creat,'
	    . 'memfd_create', '-o', $trace]);
	my $send = sub { $house->http(front => $front, @_) };
	saved_ok($send->(body => large(900_000)), "$name: a large body");
	saved_ok($send->(length => undef, body => chunked(large(900_000)),
	    headers => ['Transfer-Encoding' => 'chunked']),
	    "$name: and one in chunks");
	stop($front->{pid});
	my $text = slurp($trace);
	like($text, qr/Caddyfile|lighttpd\.conf/, "$name: was watched");
	return if $text =~ /\(AT_FDCWD, 0x/;
	return [map { /"(.*?)"/ ? $1 : $_ } grep {
		!m{"(?:\Q$house->{dir}\E/|/proc/|/dev/null")|\.gcda}
	} $text =~ /^.*(?:O_CREAT|O_TMPFILE|creat\(|memfd).*$/mg];
}

sub touches_no_disk {
	my ($name) = @_;
	my $made = files_made($name)
	    // return note('strace may not read the memory of others here');
	is(join("\n", grep { !m{\A/dev/shm/} } @$made), '',
	    "$name: no body lies on a disk");
	is(join("\n", grep { -e } @$made), '', "$name: nor anywhere afterwards");
	return if $name ne 'lighttpd';
	cmp_ok(scalar @$made, '>', 0, 'lighttpd has it in a file in memory');
	like(join("\n", @{ files_made($name, '/dev/shm' => '/var/tmp') }),
	    qr{^/var/tmp/}m, 'which would be seen on a disk');
}

for my $name (@servers) {
	my $house = house(web => 'socket');
	$house->worker(args => [web_group()]);
	my $front = start_web($name, $house);
	front_answers($house, $front, $name, counted_lacks => $lacks{$name},
	    announced_lacks => $announced_lacks{$name});
	cannot_be_read($house, $front, $name);
	log_has($house, $front, $name);
	worker_away($house, $front, $name);
	stop($front->{pid});
	no_key_in($house, $name, "$front->{dir}/error.log", $front->{access});
	passes($name);
	differs($name);
	caddy_logs_no_key() if $name eq 'caddy';
	touches_no_disk($name) if slow() == 1 && $> == 0
	    && run(cmd => ['strace', 'true'])->{exit} eq '0';
}
finish();
