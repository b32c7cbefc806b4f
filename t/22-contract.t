#!/usr/bin/perl
# The order of checks up to the body: route, key, size, media type.

use strict;
use warnings;
use Test::More;
use Strongroom;
use Strongroom::FastCGI qw(fcgi_connect fcgi_send fcgi_read fcgi_begin
    fcgi_params fcgi_stdin parse_cgi);

my $house = house();
$house->worker;
$house->nginx;

my $good = '{"name":"n","integration_type":"jira"}';
my $not_found = '{"detail":"Not Found"}';
my $not_allowed = '{"detail":"Method Not Allowed"}';
my $required = '{"detail":"API key is required"}';
my $invalid = '{"detail":"Invalid API key"}';
my $no_dict = [[] => 'value is not a valid dict' => 'type_error.dict'];

# Route: before the key.
for my $path ('/', '/api', '/api/v2/integrationssave', SAVE . '//',
    SAVE . '/x', '/api/v2/integrations//save', '//api/v2/integrations/save',
    '/api/v2/Integrations/save', '/API/v2/integrations/save',
    '/api/v3/integrations/save', '/api/integrations/save',
    '/v1/integrations/save') {
	answer_is($house->http(path => $path, key => undef, body => $good),
	    404, $not_found, "POST $path is not found");
}
answer_is($house->http(path => '/x', method => 'DELETE', key => undef),
    404, $not_found, 'an unknown path is not found by any method');
for my $method (qw(GET PUT PATCH DELETE OPTIONS PROPFIND)) {
	my $answer = $house->http(method => $method, key => undef);
	answer_is($answer, 405, $not_allowed, "$method is not allowed");
	is($answer->{headers}{allow}, 'POST', "$method: Allow says POST");
}
is($house->http(method => 'HEAD', key => undef)->{status}, 405,
    'HEAD is not allowed');
answer_is($house->fcgi(method => 'post', key => undef), 405, $not_allowed,
    'methods are case-sensitive');
my $posted = $house->http(path => '/healthz', key => undef, body => $good);
answer_is($posted, 405, $not_allowed, 'POST /healthz is not allowed');
like($posted->{headers}{allow}, qr/\bGET\b/, 'POST /healthz: Allow says GET');
saved_ok($house->http(body => $good, path => SAVE . '/'),
    'one slash at the end is the same route');
saved_ok($house->http(body => $good, query => 'a=b'),
    'a query is not part of the path');
saved_ok($house->fcgi(body => $good, params => {
	SCRIPT_NAME => '/srv/strongroom.fcgi', PATH_INFO => SAVE }),
    'PATH_INFO is the path when it is not empty');
answer_is($house->fcgi(body => $good, key => undef, params => {
	SCRIPT_NAME => SAVE, PATH_INFO => '/x' }),
    404, $not_found, 'SCRIPT_NAME is not the path beside a PATH_INFO');

# Key: before the body, whatever that is.
my $key = $house->key;
my $flip = substr($key, -1) eq 'a' ? 'b' : 'a';
my $other = $key =~ s/(.)\z/$flip/r;
my %refused = (
    'an unknown key' => 'no-such-key-at-all',
    'a wrong checksum' => $other,
    'a key in another case' => uc $key,
    'a key with a character more' => $key . 'a',
    'a key with a character less' => substr($key, 0, -1),
    'a key of one character' => 'x',
    'a key of 4,000 characters' => 'x' x 4000,
    'a key twice in one header' => "$key,$key",
    'a key twice in one header, with a space' => "$key, $key",
    'a key in quotes' => qq("$key"),
    'a key that is called Bearer' => "Bearer $key",
    'a key with bytes above 127' => "\xc3\xa9$key",
);
for my $door (qw(http fcgi cgi)) {
	for my $name (sort keys %refused) {
		my $answer = $house->$door(key => $refused{$name}, body => $good);
		answer_is($answer, 401, $invalid, "$name is invalid ($door)");
		is($answer->{headers}{'www-authenticate'}, 'ApiKey',
		    "$name: WWW-Authenticate ($door)");
	}
	for my $around ([' ', ''], ['', ' '], ["\t", ''], ['', "\t"],
	    [" \t \t", "\t \t "]) {
		(my $shown = "'$around->[0]' and '$around->[1]'") =~ s/\t/<tab>/g;
		saved_ok($house->$door(body => $good,
		    key => join $key, @$around), "$shown around a key ($door)");
		answer_is($house->$door(body => $good, key => join "$key$around->[0]"
		    . "$around->[1]$key", @$around), 401, $invalid,
		    "and between two of them ($door)");
		answer_is($house->$door(body => $good, key => join $other, @$around),
		    401, $invalid, "and around a wrong one ($door)");
	}
	for my $none (undef, '', ' ', "\t", " \t ") {
		my $answer = $house->$door(key => $none, body => $good);
		answer_is($answer, 401, $required, (defined $none ? 'an empty'
		    : 'no') . " key is asked for ($door)");
		is($answer->{headers}{'www-authenticate'}, 'ApiKey',
		    "and so says WWW-Authenticate ($door)");
	}
	for my $twice ($key, 'other', " $key") {
		next if $door eq 'cgi';
		answer_is($house->$door(body => $good,
		    headers => ['X-API-Key' => $twice]), 401, $invalid,
		    "the key sent twice is invalid ($door)");
	}
	saved_ok($house->$door(body => $good, key => undef,
	    headers => ['X-ApI-kEy' => $key]),
	    "the header's name has no case ($door)");
}
answer_is($house->fcgi(body => $good, key => undef,
    headers => ['x-api-key' => '', 'x-api-key' => $key]), 401, $invalid,
    'an empty key before a good one is invalid');
for my $body ('', '{', '[]', 'x' x (1048576 + 1)) {
	my $size = length $body;
	answer_is($house->fcgi(key => undef, body => $body), 401, $required,
	    "the key is asked for before a bad body of $size bytes is judged");
	answer_is($house->fcgi(key => 'x', body => $body, type => 'text/plain'),
	    401, $invalid, "a stranger's bad body of $size bytes is not judged");
}
answer_is($house->fcgi(key => undef, body => $good, length => 5), 401,
    $required, 'the key is asked for before a lie about the length');

# Size: before the media type.
answer_is($house->fcgi(body => 'x' x (1048576 + 1), type => 'text/plain'),
    413, '{"detail":"Request body too large"}', 'size before media type');
answer_is($house->fcgi(body => '{', type => 'text/plain', length => 7),
    400, '{"detail":"Bad Request"}', 'lies before media type');

# Encoding: behind the size, before the media type.
my $unsupported = '{"detail":"Unsupported Media Type"}';
sub unsupported_is {
	my ($answer, $name) = @_;
	answer_is($answer, 415, $unsupported, $name);
	is($answer->{headers}{'accept-encoding'}, 'identity',
	    "$name: Accept-Encoding says identity");
}
for my $door (qw(http fcgi cgi)) {
	my $send = sub { my ($encoding, %o) = @_; $house->$door(body => $good,
	    headers => ['Content-Encoding', $encoding], %o) };
	unsupported_is($send->($_), "Content-Encoding $_ ($door)")
	    for 'gzip', 'GZIP', 'deflate', 'br', 'zstd', 'identity, gzip',
	    'gzip, identity', 'x-identity', 'identity;q=1', '*';
	saved_ok($send->($_), "Content-Encoding '$_' ($door)")
	    for 'identity', 'Identity', 'IDENTITY', '', ' identity ',
	    "\tidentity\t";
	answer_is($send->('gzip', key => undef), 401, $required,
	    "the key comes before the encoding ($door)");
	answer_is($send->('gzip', body => 'x' x (1048576 + 1)), 413,
	    '{"detail":"Request body too large"}',
	    "size before encoding ($door)");
	unsupported_is($send->('gzip', type => 'text/plain', body => '{'),
	    "encoding before media type ($door)");
	unsupported_is($send->('gzip', body => ''),
	    "encoding before an empty body ($door)");
	next if $door eq 'cgi';
	unsupported_is($send->('gzip', headers => [
	    'Content-Encoding' => $_->[0], 'content-encoding' => $_->[1]]),
	    "Content-Encoding twice, @$_ ($door)")
	    for ['gzip', 'identity'], ['identity', 'gzip'];
}
answer_is($house->fcgi(body => $good, length => 5,
    headers => ['Content-Encoding' => 'gzip']), 400,
    '{"detail":"Bad Request"}', 'lies before encoding');

# Media type: before the JSON.
for my $type ('application/json', 'APPLICATION/JSON', 'Application/Json',
    'application/json; charset=utf-8', 'application/json;charset=latin1',
    'application/json ; a=b; c="d;e"', 'application/vnd.api+json',
    'application/problem+JSON; x=y', 'application/ld+json') {
	saved_ok($house->http(type => $type, body => $good),
	    "$type is read as JSON");
}
saved_ok($house->http(type => undef, body => $good), 'no type is JSON');
saved_ok($house->fcgi(type => undef, body => $good),
    'no type is JSON (no CONTENT_TYPE)');
saved_ok($house->fcgi(type => '', body => $good),
    'an empty type is JSON');
for my $type ('text/plain', 'text/json', 'application/jsonx',
    'application/x-www-form-urlencoded', 'multipart/form-data; boundary=x',
    'application/xml', 'json', 'application', 'application/',
    'text/plain+json', 'text/plain; application/json',
    'application/json-seq', 'xapplication/json') {
	for my $body ($good, '', '{') {
		faults_are($house->fcgi(type => $type, body => $body),
		    [$no_dict], "$type is no dict, with a body of "
		    . length($body) . ' bytes');
	}
}

# X-Request-Id is ours, and another each time.
my $mine = 'deadbeef-client-id';
my @ids = map {
	$house->http(body => $good, headers => ['X-Request-Id' => $mine])
	    ->{headers}{'x-request-id'};
} 1, 2;
isnt($ids[0], $ids[1], 'each answer has its own X-Request-Id');
ok(!grep({ /deadbeef/ } @ids), "the client's X-Request-Id is not used");

# /healthz asks for no key.
answer_is($house->http(method => 'GET', path => '/healthz', key => undef),
    200, '{"status":"ok"}', 'GET /healthz is ok');

# Several requests over one kept connection do not run into each other.
my $sock = fcgi_connect($house->{worker}{socket});
for my $turn (1 .. 3) {
	my $answer = $house->fcgi(sock => $sock, keep => 1,
	    body => '{"name":"' . 'k' x $turn . '","integration_type":"jira"}');
	is(saved_ok($answer, "request $turn on a kept connection")->{name},
	    'k' x $turn, 'has its own answer');
	answer_is($house->fcgi(sock => $sock, keep => 1, key => undef,
	    body => $good), 401, $required, 'and leaves no key behind');
}

# A media type that is only parameters is none that is JSON.
faults_are($house->fcgi(type => ';charset=utf-8',
    json => { name => 'n', integration_type => 'jira' }),
    [[[], 'value is not a valid dict', 'type_error.dict']],
    'a media type of parameters alone');

finish();
