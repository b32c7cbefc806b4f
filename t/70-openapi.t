#!/usr/bin/perl
# The published document: that it is one, that it has every route and no other,
# that the page is made of it. That answers are as it says each test of the
# whole sees at its end; here it is seen that one that is not is found.

use strict;
use warnings;
use Test::More;
use Strongroom;
use Strongroom::Json qw(decode);
use Strongroom::OpenApi qw(openapi_note openapi_faults openapi_spec);
use Strongroom::Proc qw(run);

my $source = Strongroom::source();
my $spec = openapi_spec($source);

SKIP: {
	skip 'libjson-validator-perl is not installed', 4
	    if !eval { require JSON::Validator };
	my $schema = JSON::Validator->new->schema("$source/doc/openapi.json")
	    ->schema;
	isa_ok($schema, 'JSON::Validator::Schema::OpenAPIv3');
	is_deeply([map { "$_" } @{ $schema->errors }], [],
	    'the document is one of OpenAPI 3.0');
	my %answer = (status => 200, headers => { 'content-type' =>
	    'application/json' }, body => '{"status":"ok"}');
	my %asked = (method => 'GET', path => '/healthz', headers => []);
	openapi_note($source, \%asked, \%answer);
	is_deeply([openapi_faults($source)], [], 'an answer that fits');
	openapi_note($source, \%asked, { %answer, body => '{"status":1}' });
	openapi_note($source, \%asked, { %answer,
	    body => '{"status":"ok","x":1}' });
	openapi_note($source, \%asked, { %answer, status => 418 });
	is(scalar(grep { /\Aget \/healthz/ } openapi_faults($source)), 3,
	    'three that do not are found');
}

my %has = map { my $path = $_; map { (uc($_) . " $path" => 1) }
    grep { /\A(?:get|post|patch|delete)\z/ } keys %{ $spec->{paths}{$path} } }
    keys %{ $spec->{paths} };
my %route = map { $_ => 1 } slurp("$source/src/service/route.c")
    =~ /^\t\{ "([A-Z]+", "[^"]+)",/mg;
is_deeply([sort map { s/", "/ /r } keys %route], [sort keys %has],
    'it has the routes that there are');

my $made = run(cmd => [$^X, "$source/build-aux/openapi-page",
    "$source/doc/openapi.json"], env => { PATH => $ENV{PATH} });
is($made->{out}, slurp("$source/doc/api.html"), 'the page is made of it')
    || diag($made->{err});
unlike($made->{out}, qr/<script|https?:|\bon\w+=|url\(/i,
    'it runs nothing and names no other host');

my $house = house();
$house->worker;
my $answer = $house->fcgi(method => 'GET', path => '/openapi.json',
    key => undef, body => '');
answer_is($answer, 200, $answer->{body}, 'it is served without a key');
is_deeply(decode($answer->{body}), $spec, 'whole');
$answer = $house->fcgi(method => 'GET', path => '/docs', key => undef,
    body => '');
is($answer->{status}, 200, 'so is the page');
is($answer->{headers}{'content-type'}, 'text/html; charset=utf-8', 'as HTML');
like($answer->{headers}{'content-security-policy'},
    qr/\Adefault-src 'none';/, 'that may load nothing');
(my $text = $made->{out}) =~ s/^[ \t]+|\n//mg;
utf8::encode($text) if utf8::is_utf8($text);
is($answer->{body}, $text, 'whole');
my $head = $house->fcgi(method => 'HEAD', path => '/docs', key => undef,
    body => '');
is_deeply([$head->{status}, $head->{headers}{'content-length'},
    $head->{body}], [200, length $text, ''], 'HEAD is GET without a body');
$house->stop_worker($house->{worker});
done_testing();
