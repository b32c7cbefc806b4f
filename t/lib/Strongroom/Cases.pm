package Strongroom::Cases;

# The sample of requests, t/cases/save.jsonl, sent through one door.

use strict;
use warnings;
use Exporter 'import';
use Test::More;
use Strongroom;
use Strongroom::Json qw(cases like_json compact_fault);

our @EXPORT_OK = qw(run_cases);

# run_cases($house, $door, 'prefix: '): one test for each request; returns how
# many were saved.
sub run_cases {
	my ($house, $door, $prefix) = @_;
	my @cases = cases(source() . '/t/cases/save.jsonl');
	is(scalar @cases, 300, "${prefix}the sample has 300 requests");
	my $saved = 0;
	for my $i (0 .. $#cases) {
		my $case = $cases[$i];
		my $answer = _send($house, $door, $case);
		my $fault = _fault($house, $case, $answer);
		ok(!$fault, $prefix . 'request ' . ($i + 1)
		    . " gets $case->{status}") || diag("$fault\n"
		    . "body:     $case->{body}\nexpected: $case->{answer}\n"
		    . "got:      $answer->{body}");
		$saved++ if $case->{status} == 200;
	}
	return $saved;
}

sub _send {
	my ($house, $door, $case) = @_;
	my %header = %{ $case->{headers} };
	my $key = delete $header{'x-api-key'};
	$key = $house->key if defined $key && $key eq 'KEY';
	return $door->(body => $case->{body}, key => $key,
	    type => delete $header{'content-type'}, headers => [%header]);
}

sub _fault {
	my ($house, $case, $answer) = @_;
	my $h = $answer->{headers};
	return "status $answer->{status} instead of $case->{status}"
	    if $answer->{status} != $case->{status};
	return "exit $answer->{exit}" if ($answer->{exit} // '0') ne '0';
	return 'Content-Type'
	    if ($h->{'content-type'} // '') ne 'application/json';
	return 'Cache-Control' if ($h->{'cache-control'} // '') ne 'no-store';
	return 'X-Request-Id'
	    if ($h->{'x-request-id'} // '') !~ /\A[0-9a-f-]{36}\z/;
	return 'WWW-Authenticate' if $case->{status} == 401
	    && ($h->{'www-authenticate'} // '') ne 'ApiKey';
	return like_json($answer->{body}, $case->{answer}, $house->user)
	    || compact_fault($answer->{body});
}

1;
