#!/usr/bin/perl
# Each allocation of a request and of a command fails in its turn: an answer
# or a message that says so, no crash, and a row for each 200.

use strict;
use warnings;
use Test::More;
use Strongroom;
use Strongroom::Proc qw(run);

plan skip_all => 'a sanitizer has an allocator of its own' if slow() > 1;
my $house = house();
my $preload = "$house->{dir}/nomem.so";
my $built = run(cmd => ['cc', '-shared', '-fPIC', '-O1', '-o', $preload,
    source() . '/t/lib/nomem.c']);
plan skip_all => 'no compiler' if $built->{exit} ne '0';

use constant LIMIT => 600;

# Run with the first allocation failing, the second, and so on, until none is
# left; the code returns what its run said on standard error.
sub each_failing {
	my ($name, $code) = @_;
	my $n = 0;
	my $said = '';
	while ($n++ < LIMIT && $said !~ /^no allocation failed$/m) {
		$said = $code->({ LD_PRELOAD => $preload, FAIL_AT => $n });
	}
	cmp_ok($n, '>', 10, "$name: allocations have failed");
	cmp_ok($n, '<', LIMIT, "$name: the last run had all of them");
}

my $key = $house->key;
my $tags = join ',', ('"tag"') x 200;
my $body = '{"name":"n","integration_type":"jira","status":"active",'
    . '"scope_data":{"org_slug":"o"},"metadata":{"more":[1,{"a":"b"}],'
    . "\"tags\":[$tags]},\"auth_data\":{\"access_token\":\""
    . 't' x 9000 . '"}}';
my %status;
my @odd;
each_failing('a save', sub {
	my ($env) = @_;
	my $answer = $house->cgi(body => $body, env => $env);
	$status{ $answer->{status} }++;
	push @odd, "$env->{FAIL_AT}: exit $answer->{exit}"
	    if $answer->{exit} =~ /signal|still/;
	push @odd, "$env->{FAIL_AT}: $answer->{body}"
	    if $answer->{status} == 500
	    && $answer->{body} !~ /"error":"Failed to save integration: /;
	return $answer->{err};
});
is(join("\n", @odd), '', 'no crash, no other answer');
diag(join ', ', map { "$status{$_} times $_" } sort keys %status);
cmp_ok($status{500} // 0, '>', 5, 'some are 500');
cmp_ok(scalar @{ $house->integrations }, '>=', $status{200} // 0,
    'every 200 has its row');

my $faulty = '{"name":5,"metadata":{"tags":[' . join(',', 1 .. 100) . ']}}';
each_failing('a faulty body', sub {
	my ($env) = @_;
	my $answer = $house->cgi(body => $faulty, env => $env);
	push @odd, $answer->{exit} if $answer->{exit} =~ /signal|still/
	    || $answer->{status} == 200;
	return $answer->{err};
});
my ($id) = map { $_->{integration_id} } @{ $house->integrations };
for my $words (['integration', 'list', '--json'], ['integration', 'list'],
    ['integration', 'show', $id, '--json'], ['integration', 'show', $id],
    ['integration', 'reveal', $id, '--json'], ['key', 'list', '--json'],
    ['check', '--json'], ['key', 'create', '--user', 'u', '--expires', '1d']) {
	each_failing("strongroom @$words", sub {
		my ($env) = @_;
		my $done = $house->admin(@$words, { env => $env });
		push @odd, "$env->{FAIL_AT} @$words: exit $done->{exit}"
		    if $done->{exit} =~ /signal|still/;
		return $done->{err};
	});
}
is(join("\n", @odd), '', 'no command crashes, no faulty body is saved');
is($house->admin('check')->{exit}, 0, 'all that is stored is whole');

finish();
