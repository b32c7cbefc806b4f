#!/usr/bin/perl
# Routes: their spellings, the methods that Allow tells, HEAD, and what their
# failures are called; over FastCGI, by CGI, through nginx, Apache, lighttpd and
# Caddy.

use strict;
use warnings;
use Test::More;
use Strongroom;
use Strongroom::Web qw(web_servers start_web);

my $house = house();
$house->worker;
$house->nginx;

my $V1 = '/api/v1/integrations/save';
my $good = '{"name":"n","integration_type":"jira"}';
my $ok = '{"status":"ok"}';
my $not_found = '{"detail":"Not Found"}';
my $not_allowed = '{"detail":"Method Not Allowed"}';
my $plain = '{"detail":"Internal Server Error"}';

my $modules = (grep { -d } qw(/usr/lib/apache2/modules
    /usr/libexec/apache2 /usr/lib64/httpd/modules))[0];
my %needs = ('proxy-fcgi' => 'proxy_fcgi', fcgid => 'fcgid', cgid => 'cgid');

# A house behind Apache, and the way to it.
sub apache_door {
	my ($way) = @_;
	my $web = house(web => $way eq 'proxy-fcgi' ? 'socket' : 'files');
	$web->worker(args => [web_group()]) if $way eq 'proxy-fcgi';
	my $front = $web->apache_way($way);
	return sub { $web->http(front => $front, @_) };
}

my %door = map { my $name = $_; $name => sub { $house->$name(@_) } }
    qw(fcgi cgi http);
for my $way (sort keys %needs) {
	$door{$way} = apache_door($way)
	    if $modules && -e "$modules/mod_$needs{$way}.so";
}

for my $name (web_servers()) {
	my $web = house(web => 'socket');
	$web->worker(args => [web_group()]);
	my $front = start_web($name, $web);
	$door{$name} = sub { $web->http(front => $front, @_) };
}

sub allows {
	my ($answer, $allow, $name) = @_;
	answer_is($answer, 405, $not_allowed, "$name is not allowed");
	is($answer->{headers}{allow}, $allow, "$name: Allow says $allow");
}

for my $name (sort keys %door) {
	my $send = $door{$name};
	my @bare = (key => undef, type => undef, body => '');

	# Spellings.
	saved_ok($send->(path => $_, body => $good), "$name: POST $_ saves")
	    for SAVE, SAVE . '/', $V1, "$V1/";
	# Apache reads slashes at the beginning as one, whatever it is told.
	my $has_all = !$needs{$name};
	answer_is($send->(path => $_, body => $good, key => undef), 404,
	    $not_found, "$name: $_ is not found") for SAVE . '//', SAVE . '///',
	    "$V1//", "$V1/x", '/api/v1//integrations/save',
	    '/api/v2//integrations/save', SAVE . '/x', '/api/', '/api',
	    '/api/v2/integrations//', '/api/v1/integrations',
	    ("/$V1", '/' . SAVE) x $has_all;
	answer_is($send->(method => 'GET', path => $_, @bare), 404, $not_found,
	    "$name: $_ is not found") for '/healthz/', '/healthz//',
	    '/healthz/x', '/health', ('//healthz') x $has_all;

	# Methods.
	for my $method (qw(GET PUT PATCH DELETE OPTIONS)) {
		allows($send->(method => $method, key => undef, path => $_),
		    'POST', "$name: $method $_") for SAVE, $V1, "$V1/";
		next if $method eq 'GET';
		allows($send->(method => $method, path => '/healthz', @bare),
		    'GET, HEAD', "$name: $method /healthz");
	}
	allows($send->(path => '/healthz', key => undef, body => $good),
	    'GET, HEAD', "$name: POST /healthz");

	# Of both pages, one integration; of the older one, a header.
	my @saved = map { saved_ok($send->(path => $_, headers =>
	    ['X-User-Id' => 'somebody-else'], body => '{"name":"n",'
	    . '"integration_type":"jira","unique_identifier":"both"}'),
	    "$name: saved by $_") } SAVE, $V1, "$V1/";
	is($saved[$_]{integration_id}, $saved[0]{integration_id},
	    "$name: it is the same again") for 1, 2;
	is($saved[$_]{created_by}, $house->user,
	    "$name: x-user-id is ignored") for 0 .. 2;

	# HEAD is GET without the body.
	my $get = $send->(method => 'GET', path => '/healthz', @bare);
	answer_is($get, 200, $ok, "$name: GET /healthz");
	my $head = $send->(method => 'HEAD', path => '/healthz', @bare);
	answer_is($head, 200, '', "$name: HEAD /healthz");
	like($head->{headers}{'content-length'} // length $ok,
	    qr/\A@{[length $ok]}\z/,
	    "$name: HEAD: the length is that of GET, or none");
	is($send->(method => 'HEAD', path => '/healthz', key => undef,
	    body => $good)->{status}, 200, "$name: HEAD with a body");
	$head = $send->(method => 'HEAD', key => undef);
	answer_is($head, 405, '', "$name: HEAD .../save is not allowed");
	is($head->{headers}{allow}, 'POST', "$name: HEAD: Allow says POST");
	answer_is($send->(method => 'HEAD', path => '/x', @bare), 404, '',
	    "$name: HEAD /x is not found");
	saved_ok($send->(body => $good), "$name: the next request is served");
}

# A failure of ours is called by what has failed.
for my $name (qw(fcgi cgi)) {
	my $send = $door{$name};
	my %unsafe = (key => undef, params => { DOCUMENT_ROOT => '/' });
	error_is($send->(%unsafe, body => $good), 500, 'Internal error',
	    "$name: a document root with our files");
	answer_is($send->(%unsafe, method => 'GET', path => '/healthz'), 500,
	    $plain, "$name: /healthz there saves nothing");
	answer_is($send->(%unsafe, path => '/x'), 404, $not_found,
	    "$name: another path there is not found");
}

# What CGI cannot even begin with.
sub begins_without {
	my ($file, $reason) = @_;
	rename $file, "$file.away" or die "$file: $!";
	my @health = (path => '/healthz', key => undef, type => undef);
	my $told = qq({"status":"unavailable","reason":"$reason"});
	answer_is($house->cgi(method => 'GET', @health), 503, $told,
	    "/healthz by CGI without its $reason");
	answer_is($house->cgi(method => 'HEAD', @health), 503, '',
	    "HEAD /healthz by CGI without its $reason");
	allows($house->cgi(method => 'POST', @health), 'GET, HEAD',
	    "POST /healthz by CGI without its $reason");
	answer_is($house->cgi(path => '/x', body => $good), 404, $not_found,
	    "another path by CGI without its $reason");
	error_is($house->cgi(body => $good), 500, 'Internal error',
	    "a save by CGI without its $reason");
	rename "$file.away", $file or die "$file: $!";
}
begins_without($house->{master_key}, 'key');
begins_without($house->{database}, 'database') if !$house->{server};
answer_is($house->cgi(method => 'GET', path => '/healthz', key => undef,
    args => ["--config=$house->{dir}/none.conf", '/x/save.cgi']), 500, $plain,
    '/healthz by CGI without a configuration');

finish();
