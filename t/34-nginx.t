#!/usr/bin/perl
# nginx as it is configured in nginx/: its own refusals are JSON too, by TLS as
# well, and a worker that is away is a 502 that passes.

use strict;
use warnings;
use Test::More;
use Strongroom;
use Strongroom::FastCGI qw(fcgi_overheard);
use Strongroom::Http qw(raw_http http_request);
use Strongroom::Json qw(decode);
use Strongroom::Life qw(life_passes metrics_are_local);
use Strongroom::Proc qw(run stop wait_until);

my $house = house();
$house->worker(via => 'spawn-fcgi');
# Some answers of nginx need a place of their own to come from.
my @own = (401, 403, 411, 412, 421, 429, 431, 494, 495, 496, 497, 500, 501, 502,
    503, 504, 505, 507);
my $front = $house->nginx(lines => join "\n",
    (map { "location = /$_ { return $_; }" } @own),
    'location = /closed { deny all; }',
    map { "location = $_->[0] { $_->[1] 1s; fastcgi_pass strongroom; }" }
    ['/late', 'client_body_timeout'], ['/stuck', 'fastcgi_read_timeout']);
my $body = '{"name":"n","integration_type":"jira"}';

sub json_refusal {
	my ($answer, $status, $name) = @_;
	is($answer->{headers}{'retry-after'},
	    $status == 429 || $status == 503 ? 1 : undef,
	    "$name: Retry-After where trying again helps");
	is(join(' ', grep { /\Aaccess-control-|\Avary\z/ }
	    keys %{ $answer->{headers} }), '', "$name: nothing of CORS");
	is($answer->{status}, $status, "$name: $status");
	is($answer->{headers}{'content-type'}, 'application/json',
	    "$name: is JSON");
	is($answer->{headers}{'cache-control'}, 'no-store', "$name: no-store");
	like($answer->{headers}{'x-request-id'} // '', qr/\A[!-~]{8,64}\z/,
	    "$name: has an X-Request-Id");
	my $said = eval { decode($answer->{body}) };
	ok(ref $said eq 'HASH' && ($said->{detail} || $said->{error}),
	    "$name: says why") || diag($answer->{body});
}

my $port = $front->{port};
life_passes($house, sub { $house->http(@_) }, 'nginx');
metrics_are_local($house, $front, 'nginx');
my $head = 'POST ' . SAVE . " HTTP/1.1\r\nHost: localhost\r\n"
    . 'x-api-key: ' . $house->key . "\r\n";
json_refusal(raw_http($port, "NONSENSE\r\n\r\n"), 400, 'no request at all');
json_refusal(raw_http($port, "GET / HTTP/1.1\r\n\r\n"), 400, 'no Host');
json_refusal(raw_http($port, "${head}Content-Length: 5x\r\n\r\nhello"), 400,
    'a bad Content-Length');
json_refusal(raw_http($port, 'GET /%00 HTTP/1.1' . "\r\nHost: l\r\n\r\n"), 400,
    'a NUL in the path');
json_refusal(raw_http($port, 'GET /' . 'x' x 40_000
    . " HTTP/1.1\r\nHost: l\r\nConnection: close\r\n\r\n"), 414, 'a long URI');
json_refusal(raw_http($port, "${head}X-Long: " . 'x' x 40_000
    . "\r\nConnection: close\r\n\r\n"), 400, 'a long header');
json_refusal(raw_http($port, "${head}Content-Length: 99999999\r\n"
    . "Connection: close\r\n\r\n"), 413, 'a body announced as too long');
json_refusal(raw_http($port, "${head}Transfer-Encoding: nonsense\r\n"
    . "Connection: close\r\n\r\n"), 501, 'an unknown Transfer-Encoding');
json_refusal(raw_http($port, "TRACE / HTTP/1.1\r\nHost: l\r\n"
    . "Connection: close\r\n\r\n"), 404, 'TRACE somewhere');
json_refusal(raw_http($port, 'TRACE ' . SAVE . " HTTP/1.1\r\nHost: l\r\n"
    . "Connection: close\r\n\r\n"), 405, 'TRACE of the route');
json_refusal($house->http(path => "/-/$_", key => undef), 404,
    'a path that nginx may use itself') for qw(refused preflight);

json_refusal($house->http(path => "/$_", method => 'GET', key => undef),
    /\A49/ ? 400 : $_, "nginx's own $_") for @own;
json_refusal($house->http(path => '/closed', key => undef), 403,
    'a place that is closed');
my $late = raw_http($port, 'POST /late HTTP/1.1' . "\r\nHost: l\r\n"
    . "Content-Length: 10\r\n\r\nhello");
is($late->{status}, 599, 'a body that does not come gets no answer');
ok(!$late->{open}, 'but the end of the connection');

# Headers that a client may not set for the worker.
my $answer = $house->http(body => $body, headers => ['X-Request-Id' => 'mine',
    'Proxy' => 'http://evil/', 'X_Api_Key' => 'x', 'Status' => '500',
    'Document-Root' => '/', 'Script-Name' => '/x', 'Path-Info' => '/x']);
saved_ok($answer, 'headers with the names of CGI variables');
isnt($answer->{headers}{'x-request-id'}, 'mine', 'X-Request-Id is ours');
is($house->http(body => $body, key => undef,
    headers => ['X_Api_Key' => $house->key])->{status}, 401,
    'x_api_key is not x-api-key');

my ($ear, $at) = $house->listener('ear');
my $deaf = house(name => 'deaf', init => 0)->nginx(socket => $at);
my $heard = fcgi_overheard($ear, sub {
	http_request($deaf->{port}, { method => 'POST',
	    path => '/x', query => '', body => $body, type => 'text/plain',
	    headers => [Proxy => 'http://evil/', 'X-Other' => 'heard'] });
});
like($heard, qr/HTTP_X_OTHERheard/, 'a header reaches the worker');
unlike($heard, qr/evil/, 'Proxy does not');

# A body with as much framing as there can be lies in no file either.
my $long = with_auth('{"access_token":"' . 'x' x 1_048_000 . '"}');
saved_ok(raw_http($port, "${head}Connection: close\r\n"
    . "Transfer-Encoding: chunked\r\n\r\n"
    . $long =~ s/(.)/1\r\n$1\r\n/gr . "0\r\n\r\n"), '1 MiB in chunks of a byte');

# A worker that hangs.
kill 'STOP', $house->{worker}{pid};
my @threads = glob "/proc/$house->{worker}{pid}/task/*/stat";
ok(wait_until(10, sub { !grep { slurp($_) !~ /\) T / } @threads }),
    'all its threads stand still');
json_refusal($house->http(path => '/stuck', body => $body), 504,
    'a worker that does not answer');
kill 'CONT', $house->{worker}{pid};

# A worker that is away, and comes back at the same socket.
my $socket = $house->{worker}{socket};
is($house->stop_worker->{exit}, 0, 'the worker ends');
json_refusal($house->http(body => $body), 502, 'no worker');
unlink $socket;
$house->worker(socket => $socket);
saved_ok($house->http(body => $body), 'a new worker is found at once');

# Where TLS is spoken, and clients show a certificate.
sub certificate {
	my ($name) = @_;
	my $file = "$house->{dir}/$name.pem";
	my $made = run(cmd => [qw(openssl req -x509 -newkey rsa:2048 -nodes
	    -days 2 -subj), "/CN=$name", '-keyout', $file, '-out',
	    "$file.crt"], env => { PATH => $ENV{PATH} });
	die $made->{err} if $made->{exit} ne '0';
	spew($file, slurp($file) . slurp("$file.crt"));
	return $file;
}
my %pem = map { $_ => certificate($_) } qw(known stranger);
my $tls = "$house->{dir}/tls.sock";
my $safe = house(name => 'safe', init => 0)->nginx(
    socket => $house->{worker}{socket}, lines => <<"CONF");
listen "unix:$tls" ssl;
ssl_certificate "$pem{known}";
ssl_certificate_key "$pem{known}";
ssl_client_certificate "$pem{known}";
ssl_verify_client on;
CONF
sub by_tls {
	my ($url, @options) = @_;
	my $said = run(cmd => ['curl', '-qsik', '--http1.1', '--noproxy', '*',
	    '--unix-socket', $tls, @options, $url], env => {
	    PATH => $ENV{PATH} });
	my ($head, $body) = split /\r\n\r\n/, $said->{out}, 2;
	my %headers = map { /\A([^\s:]+):\s*(.*)\z/ ? (lc $1 => $2) : () }
	    split /\r\n/, $head // '';
	return { status => ($head // '') =~ m{\AHTTP/1\.1 (\d+)} ? $1 : 599,
	    headers => \%headers, body => $body // '' };
}
answer_is(by_tls('https://localhost/healthz', '--cert', $pem{known}), 200,
    '{"status":"ok"}', 'a certificate that is known');
json_refusal(by_tls('https://localhost/healthz', '--cert', $pem{stranger}),
    400, 'a certificate that is not');
json_refusal(by_tls('https://localhost/healthz'), 400, 'no certificate');
json_refusal(by_tls('http://localhost/healthz'), 400, 'no TLS');
stop($safe->{pid});

# At info nginx quotes headers that it finds invalid, which is why the site has
# warn. Nothing else that it writes has a key in it.
my $logs = slurp("$front->{dir}/error.log") . slurp("$front->{dir}/access.log");
my $quoted = $logs =~ s/^.*client sent invalid header line.*\n//mg;
is($quoted, 2, 'nginx at info quotes headers');
cmp_ok(length $logs, '>', 1000, 'nginx has logs');
is(index($logs, substr $house->key, 13), -1, 'no key in them');

# No body was ever written to a file.
unlike(slurp("$front->{dir}/error.log"), qr/temporary file/,
    'no body went to a file');

finish();
