#!/usr/bin/perl
# The sample of requests, over nginx and FastCGI.

use strict;
use warnings;
use Test::More;
use Strongroom;
use Strongroom::Json qw(cases like_json compact_fault);

my @cases = cases(source() . '/t/cases/save.jsonl');
is(scalar @cases, 240, 'the sample has 240 requests');

my $house = house();
$house->worker(via => 'spawn-fcgi');
$house->nginx;

my $saved = 0;
for my $i (0 .. $#cases) {
	my $case = $cases[$i];
	my %header = %{ $case->{headers} };
	my $key = delete $header{'x-api-key'};
	$key = $house->key if defined $key && $key eq 'KEY';
	my $answer = $house->http(body => $case->{body}, key => $key,
	    type => delete $header{'content-type'}, headers => [%header]);
	my $fault = $answer->{status} == $case->{status}
	    ? like_json($answer->{body}, $case->{answer}, $house->user)
	    : "status $answer->{status} instead of $case->{status}";
	$fault ||= compact_fault($answer->{body});
	$fault ||= 'Content-Type'
	    if $answer->{headers}{'content-type'} ne 'application/json';
	$fault ||= 'Cache-Control'
	    if ($answer->{headers}{'cache-control'} // '') ne 'no-store';
	$fault ||= 'WWW-Authenticate' if $case->{status} == 401
	    && ($answer->{headers}{'www-authenticate'} // '') ne 'ApiKey';
	ok(!$fault, 'request ' . ($i + 1) . " gets $case->{status}")
	    || diag("$fault\nbody:     $case->{body}\n"
	    . "expected: $case->{answer}\ngot:      $answer->{body}");
	$saved++ if $case->{status} == 200;
}

is(scalar @{ $house->integrations }, $saved,
    'there is a row for each 200 and for nothing else');
is($house->admin('check')->{exit}, 0, 'every box opens');

finish();
