#!/usr/bin/perl
# The size of a body: as it comes, over the socket, through nginx and by CGI.

use strict;
use warnings;
use Test::More;
use Strongroom;
use Strongroom::Http qw(raw_http);

my $house = house();
$house->worker(via => 'spawn-fcgi');
$house->nginx;

my $MAX = 1_048_576;
my $too_large = '{"detail":"Request body too large"}';
my $bad_request = '{"detail":"Bad Request"}';

sub body_of {
	my ($size) = @_;
	my $head = with_auth('{"access_token":"');
	$head =~ s/\}\z//;
	my $tail = '"}}';
	return $head . 'x' x ($size - length($head) - length $tail) . $tail;
}

my $at = body_of($MAX);
my $over = body_of($MAX + 1);
is(length $at, $MAX, 'a body of 1 MiB');
for my $door (qw(fcgi http cgi)) {
	my $data = saved_ok($house->$door(body => $at), "1 MiB is saved ($door)");
	is(length $house->reveal($data->{integration_id}),
	    $MAX - length with_auth(''), "and all of it is kept ($door)");
	answer_is($house->$door(body => $over), 413, $too_large,
	    "a byte more is too large ($door)");
	answer_is($house->$door(body => 'x' x (3 * $MAX)), 413, $too_large,
	    "3 MiB are too large ($door)");
	answer_is($house->$door(body => $at . ' '), 413, $too_large,
	    "white space counts ($door)");
	saved_ok($house->$door(body => with_auth('{}')),
	    "and the next request is served ($door)");
}

# Lies about the length, where a server lets them through.
my $good = with_auth('{"access_token":"t"}');
my $n = length $good;
for my $door (qw(fcgi cgi)) {
	for my $lie ($n - 1, $n + 1, 0, 1, $n * 100, $MAX, $MAX + 1,
	    "-$n", "+$n", "$n.0", "${n}x", "x$n", "0x" . sprintf('%x', $n),
	    "$n $n", "$n,$n", 'abc', '-2', '-01', '-1 ', ' -1', '--1', '-1.0',
	    '+-1', '-', ' ', "\xd9\xa3",
	    '4294967296', 4294967296 + $n, '18446744073709551616',
	    '18446744073709551' . (616 + $n), '9' x 40) {
		answer_is($house->$door(body => $good, length => $lie), 400,
		    $bad_request, "Content-Length '$lie' for $n ($door)");
	}
	saved_ok($house->$door(body => $good, length => $n),
	    "the true length ($door)");
	answer_is($house->$door(body => '', length => 5), 400, $bad_request,
	    "a length, but no body ($door)");
	# How Caddy writes that it does not know.
	saved_ok($house->$door(body => $good, length => '-1'),
	    "Content-Length -1 is an absent one ($door)");
	answer_is($house->$door(body => $over, length => '-1'), 413,
	    $too_large, "Content-Length -1: the body is counted ($door)");
	answer_is($house->$door(method => 'GET', path => '/healthz', body => '',
	    type => undef, key => undef, length => '-1'), 200,
	    '{"status":"ok"}', "Content-Length -1: without a body ($door)");
}
my $rows = @{ $house->integrations };
$house->fcgi(body => $good, length => $n - 1);
is(scalar @{ $house->integrations }, $rows, 'a lie stores nothing');
saved_ok($house->fcgi(body => $good, length => undef), 'no Content-Length');
saved_ok($house->fcgi(body => $good, length => ''), 'an empty Content-Length');
answer_is($house->fcgi(body => $over, length => undef), 413, $too_large,
    'no Content-Length: the body is counted');
answer_is($house->fcgi(body => $over, length => ''), 413, $too_large,
    'an empty Content-Length: the body is counted');
answer_is($house->fcgi(body => $over, length => 10), 413, $too_large,
    'too large comes before lying');

# Chunked, through nginx.
sub chunked {
	my ($body, $size) = @_;
	my $text = 'POST ' . SAVE . " HTTP/1.1\r\nHost: localhost\r\n"
	    . "Connection: close\r\nContent-Type: application/json\r\n"
	    . 'x-api-key: ' . $house->key . "\r\n"
	    . "Transfer-Encoding: chunked\r\n\r\n";
	for (my $i = 0; $i < length $body; $i += $size) {
		my $part = substr $body, $i, $size;
		$text .= sprintf("%x\r\n", length $part) . "$part\r\n";
	}
	return raw_http($house->{nginx}{port}, "${text}0\r\n\r\n");
}

saved_ok(chunked($good, 7), 'chunks of 7 bytes');
saved_ok(chunked($at, 60_000), '1 MiB in chunks');
answer_is(chunked($over, 60_000), 413, $too_large, 'and a byte more');
faults_are(chunked('', 1), [[[] => 'field required' =>
    'value_error.missing']], 'no chunk at all');

# Another limit.
my $small = house(conf => { max_body => 2000 });
$small->worker;
$small->nginx;
for my $door (qw(fcgi http cgi)) {
	saved_ok($small->$door(body => body_of(2000)), "max_body: 2,000 ($door)");
	answer_is($small->$door(body => body_of(2001)), 413, $too_large,
	    "max_body: 2,001 are too many ($door)");
}
answer_is($small->fcgi(body => '{' x 2001, key => 'x'), 401,
    '{"detail":"Invalid API key"}', 'the key comes before the size');

# What was stored under a larger limit is handed out under a smaller one.
my $was = house(conf => { max_body => 8 << 20 });
$was->worker;
my $all = $was->admin_ok(qw(key create --user u --scopes), 'save,read,reveal')
    =~ s/\n//r;
my $long = 't' x 4_000_000;
my $id = saved_ok($was->fcgi(key => $all, body => with_auth(
    qq({"access_token":"$long"}), qq("metadata":{"x":"$long"},))),
    'a large one')->{integration_id};
$was->stop_worker;
$was->write_conf(max_body => 65_536);
$was->worker;
my %get = (key => $all, method => 'GET', type => undef, length => undef);
for my $path ('', "/$id", "/$id/auth_data") {
	my $answer = $was->fcgi(%get, path => "/api/v2/integrations$path");
	is($answer->{status}, 200, "GET $path, when max_body is 65,536");
	cmp_ok(length $answer->{body}, '>', length $long, 'and all of it');
}

finish();
