#!/usr/bin/perl
# Browsers of another origin: with the choice of nginx/, apache/ or caddy/ taken
# they may read every answer below /api/, the web server's own refusals too, and
# are told what they may send; without it they are told nothing.

use strict;
use warnings;
use Test::More;
use Strongroom;
use Strongroom::FastCGI qw(fcgi_answered);
use Strongroom::Http qw(raw_http);
use Strongroom::Web qw(web_servers start_web);

my $ORIGIN = 'https://app.example.org';
my $EXPOSED = 'ETag, Idempotent-Replayed, Retry-After, X-Request-Id';
my $METHODS = 'GET, POST, PATCH, DELETE';
my $HEADERS = 'Content-Type, x-api-key, If-Match, If-None-Match, '
    . 'Idempotency-Key, Refresh-Lease, X-HTTP-Method-Override';
my $body = '{"name":"n","integration_type":"jira"}';
my $modules = (grep { -d } qw(/usr/lib/apache2/modules
    /usr/libexec/apache2 /usr/lib64/httpd/modules))[0];

# The lines of the choice in a site, without their "#"; a comment has a space.
sub choice {
	my ($file) = @_;
	my ($block) = slurp(source() . "/$file") =~
	    /^\t# Choice: browsers of one other origin.*\n((?:\t#.*\n)+)/m;
	ok(defined $block, "$file has the choice") or return '';
	return join '', map { "$_\n" } $block =~ /^\t#([^ ].*)$/mg;
}

# Of an answer: what it says of origins, in the order of names.
sub told {
	my ($answer) = @_;
	my $h = $answer->{headers};
	return { map { $_ => $h->{$_} }
	    grep { /\A(?:access-control-.*|vary)\z/ } keys %$h };
}

my %may_read = ('access-control-allow-origin' => $ORIGIN,
    'access-control-expose-headers' => $EXPOSED, vary => 'Origin');
my %may_send = ('access-control-allow-origin' => $ORIGIN, vary => 'Origin',
    'access-control-allow-methods' => $METHODS,
    'access-control-allow-headers' => $HEADERS,
    'access-control-max-age' => 86400);

sub ask {
	my ($front, $line, @headers) = @_;
	return raw_http($front->{port}, join("\r\n", "$line HTTP/1.1",
	    'Host: localhost', 'Connection: close', "Origin: $ORIGIN",
	    @headers) . "\r\n\r\n");
}

sub preflight {
	my ($front, $path, $method) = @_;
	return ask($front, "OPTIONS $path",
	    "Access-Control-Request-Method: $method",
	    'Access-Control-Request-Headers: content-type,x-api-key');
}

# Answers of the worker and of the web server: status and how to get it.
# Caddy tells nobody what it cannot read.
sub answers {
	my ($house, $front, $way) = @_;
	my $post = 'POST ' . SAVE;
	my $key = 'x-api-key: ' . $house->key;
	return (
		[200, sub { $house->http(front => $front, body => $body) }],
		[200, sub { $house->http(front => $front, path => '/healthz',
		    method => 'GET', key => undef) }],
		[401, sub { $house->http(front => $front, key => undef) }],
		[404, sub { ask($front, 'GET /api/v2/x', $key) }],
		[405, sub { ask($front, 'DELETE ' . SAVE, $key) }],
		[422, sub { $house->http(front => $front, body => '{') }],
		[413, sub { $house->http(front => $front,
		    body => 'x' x 1_200_000) }],
		$way =~ /Caddy/ ? () : (
		    [414, sub { ask($front, 'GET /api/' . 'x' x 40_000) }],
		    [400, sub { ask($front, $post, 'X-Long: ' . 'x' x 40_000) }],
		    [400, sub { raw_http($front->{port}, "NONSENSE\r\n\r\n") }]),
	);
}

sub every_answer_says {
	my ($house, $front, $way, $says) = @_;
	for my $case (answers($house, $front, $way)) {
		my ($status, $get) = @$case;
		my $answer = $get->();
		is($answer->{status}, $status, "$way: a $status");
		is($answer->{headers}{'content-type'}, 'application/json',
		    'in JSON');
		is_deeply(told($answer), $says, 'is told as it should be')
		    || diag(explain(told($answer)));
	}
}

sub asked_before {
	my ($front, $way, $is_chosen) = @_;
	for my $case ([SAVE, 'POST'], ['/api/v2/integrations', 'GET'],
	    ['/api/v2/integrations/x', 'PATCH'],
	    ['/api/v2/integrations/x/auth_data?field=a', 'DELETE']) {
		my ($path, $method) = @$case;
		my $answer = preflight($front, $path, $method);
		if (!$is_chosen) {
			like($answer->{status}, qr/\A40[45]\z/,
			    "$way: OPTIONS $path is refused");
			is_deeply(told($answer), {}, 'and told nothing');
			next;
		}
		is($answer->{status}, 204, "$way: may $method $path be sent");
		is($answer->{body}, '', 'is answered without a body');
		my $told = told($answer);
		delete $told->{'access-control-expose-headers'};
		is_deeply($told, \%may_send, 'with what may be sent')
		    || diag(explain($told));
		is($answer->{headers}{'cache-control'}, 'no-store', 'no-store');
		like($answer->{headers}{'x-request-id'} // '',
		    qr/\A[!-~]{8,64}\z/, 'with an id');
		is($answer->{headers}{'content-type'}, undef, 'and no type');
	}
	my $answer = preflight($front, '/healthz', 'PATCH');
	is($answer->{status}, 405, "$way: elsewhere OPTIONS is the worker's");
	is(told($answer)->{'access-control-allow-methods'}, undef,
	    'which allows nothing');
}

# What later routes send and take passes as it is.
sub passes {
	my ($front, $ear, $way) = @_;
	my @names = qw(If-Match If-None-Match Idempotency-Key Refresh-Lease
	    X-HTTP-Method-Override);
	my @sent = map { "$_: x-$_" } @names;
	my $head = "Cache-Control: no-store\r\nX-Request-Id: id-of-worker\r\n"
	    . "ETag: \"3-xyz\"\r\nIdempotent-Replayed: true\r\n";
	my $page = "${head}Content-Type: text/html\r\n\r\n<p>";
	for my $case (['GET', '200 OK'], ['PATCH', '412 Precondition Failed'],
	    ['DELETE', '200 OK'], ['POST', '404 Not Found'],
	    ['GET', '503 Service Unavailable']) {
		my ($method, $status) = @$case;
		my ($answer, $heard) = fcgi_answered($ear,
		    "Status: $status\r\n$page", sub {
			ask($front, "$method /api/v2/x", @sent);
		});
		like($heard, qr/REQUEST_METHOD\Q$method\E/,
		    "$way: $method reaches the worker");
		my @lost = grep {
			my $variable = 'HTTP_' . uc($_) =~ tr/-/_/r;
			index($heard, "${variable}x-$_") < 0;
		} @names;
		is("@lost", '', 'with its headers');
		is($answer->{status}, substr($status, 0, 3), 'its answer');
		my $h = $answer->{headers};
		is($h->{etag}, '"3-xyz"', 'has its ETag');
		is($h->{'idempotent-replayed'}, 'true', 'its headers');
		is($h->{'content-type'}, 'text/html', 'its type');
		is($h->{'x-request-id'}, 'id-of-worker', 'its id');
		is($h->{'cache-control'}, 'no-store', 'no-store once');
		is($h->{'retry-after'}, undef, 'no Retry-After of another');
		is($answer->{body}, '<p>', 'and its body');
	}
}

sub goes_through {
	my ($way, $site, $start) = @_;
	my $house = house(web => 'socket');
	$house->worker(args => [web_group()]);
	my $front = $start->($house, '');
	every_answer_says($house, $front, "$way, not chosen", {});
	asked_before($front, "$way, not chosen", 0);
	my ($ear, $at) = $house->listener('ear');
	chmod 0666, $at;
	my $other = house(name => 'o', init => 0, web => 'socket');
	$other->{worker} = { socket => $at };
	passes($start->($other, ''), $ear, $way);

	my $chosen = house(name => 'c', web => 'socket');
	$chosen->worker(args => [web_group()]);
	$front = $start->($chosen, choice($site));
	every_answer_says($chosen, $front, "$way, chosen", \%may_read);
	asked_before($front, "$way, chosen", 1);
	saved_ok($chosen->http(front => $front, body => $body), 'saves');
	is($chosen->stop_worker->{exit}, 0, 'the worker ends');
	my $none = $chosen->http(front => $front, body => $body);
	like($none->{status}, qr/\A50[23]\z/, "$way, chosen: no worker");
	is_deeply(told($none), \%may_read, 'may be read too');
}

goes_through('nginx', 'nginx/strongroom.conf', sub {
	$_[0]->nginx(lines => $_[1]);
});
SKIP: {
	skip 'there is no apache2', 1 if !$modules;
	goes_through('Apache', 'apache/strongroom.conf', sub {
		$_[0]->apache_way('proxy-fcgi', lines => $_[1],
		    modules => ['rewrite']);
	});
}

SKIP: {
	skip 'there is no caddy', 1 if !grep { $_ eq 'caddy' } web_servers();
	goes_through('Caddy', 'caddy/Caddyfile', sub {
		my ($house, $lines) = @_;
		return start_web('caddy', $house, replace =>
		    [map { ("\t#$_\n" => "\t$_\n") } split /\n/, $lines]);
	});
}

# nginx's limit refuses by itself.
my $house = house();
$house->worker;
my $front = $house->nginx(lines => choice('nginx/strongroom.conf')
    . 'location = /api/slower { return 429; }');
my $answer = ask($front, 'GET /api/slower');
is($answer->{status}, 429, 'nginx: a 429');
is($answer->{headers}{'retry-after'}, 1, 'says when');
is_deeply(told($answer), \%may_read, 'and may be read');
finish();
