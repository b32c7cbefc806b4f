#!/usr/bin/perl
# Each allocation of a request and of a command fails in its turn: an answer
# or a message that says so, no crash, and a row for each 200.

use strict;
use warnings;
use Test::More;
use Strongroom;
use Strongroom::NoMemory;

plan skip_all => 'a sanitizer has an allocator of its own' if slow() > 1;
needs_compiler();
my $house = house();
my $key = $house->key;
my $tags = join ',', ('"tag"') x 200;
my $body = '{"name":"n","integration_type":"jira","status":"active",'
    . '"scope_data":{"org_slug":"o"},"metadata":{"more":[1,{"a":"b"}],'
    . "\"tags\":[$tags]},\"auth_data\":{"
    . '"expires_at":"2024-01-15T10:30:00","access_token":"'
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
is(join(' ', grep { !/\A(?:200|500)\z/ } sort keys %status), '',
    'none is called a fault of the body');
cmp_ok(scalar @{ $house->integrations }, '>=', $status{200} // 0,
    'every 200 has its row');

# The same of a change; what is answered otherwise has changed nothing.
my ($changed) = map { $_->{integration_id} } @{ $house->integrations };
my $patch = '{"auth_data":{"access_token":"N"},"metadata":{"n":N,'
    . '"x":"' . 'y' x 2000 . '"},"scope_data":{"workspace_id":"w"}}';
%status = ();
each_failing('a change', sub {
	my ($env) = @_;
	my $answer = $house->cgi(method => 'PATCH', env => $env,
	    path => "/api/v2/integrations/$changed",
	    body => $patch =~ s/N/$env->{FAIL_AT}/gr,
	    headers => ['Idempotency-Key', $env->{FAIL_AT}]);
	$status{ $answer->{status} }++;
	push @odd, "$env->{FAIL_AT}: exit $answer->{exit}"
	    if $answer->{exit} =~ /signal|still/;
	push @odd, "$env->{FAIL_AT}: $answer->{body}"
	    if $answer->{status} == 500
	    && $answer->{body} !~ /"error":"Failed to change integration: /;
	return $answer->{err};
});
is(join("\n", @odd), '', 'a change: no crash, no other answer');
is(join(' ', grep { !/\A(?:200|500)\z/ } sort keys %status), '',
    'a change: done, or a 500');
my ($row) = $house->rows('SELECT revision, (SELECT count(*) FROM audit AS a '
    . 'WHERE a.integration_id = i.integration_id) AS told, (SELECT count(*) '
    . 'FROM idempotency) AS kept FROM integrations AS i WHERE '
    . "integration_id = '$changed'");
cmp_ok($row->{revision} - 1, '>=', $status{200} // 0, 'each 200 is there');
is($row->{told}, $row->{revision}, 'each revision is in the audit');
is($row->{kept}, $row->{revision} - 1, 'with its answer');

# What hands out or compares says what it says with all memory, or it is a 500
# and nothing of it; and each 200 is counted.
my $opens = $house->admin_ok(qw(key create --user v --scopes),
    'save,reveal,verify') =~ s/\n//r;
my $sealed = saved_ok($house->cgi(key => $opens, body => with_auth(
    '{"access_token":"canary","code":"c"}')), 'a secret')->{integration_id};
for my $case (['reveal', 'auth_data?field=access_token', 'GET', ''],
    ['reveal', 'auth_data', 'GET', ''],
    ['reveal', 'auth_data/sealed', 'POST', '{"public_key":"CQ' . 'A' x 41 . '"}'],
    ['verify', 'verify', 'POST', '{"access_token":"canary"}'],
    ['verify', 'verify', 'POST', '{"access_token":"canary","code":"x"}']) {
	my ($what, $path, $method, $text) = @$case;
	my ($at, $query) = split /\?/, $path;
	my %request = (key => $opens, method => $method, body => $text,
	    path => SAVE =~ s{save\z}{$sealed/$at}r, query => $query // '');
	my $shape = sub { $_[0]{body} =~ s/"sealed":"[^"]*"/S/r };
	my $whole = $house->cgi(%request);
	is($whole->{status}, 200, "$method $path");
	my $times = sub { ($house->rows('SELECT (SELECT sum(reveal_count) FROM '
	    . "reveals) + (SELECT count(*) FROM audit WHERE action = 'verify') "
	    . 'AS n'))[0]{n} };
	my $before = $times->();
	%status = ();
	each_failing("$method $path", sub {
		my ($env) = @_;
		my $answer = $house->cgi(%request, env => $env);
		$status{ $answer->{status} }++;
		push @odd, "$path, $env->{FAIL_AT}: $answer->{exit} "
		    . "$answer->{status} $answer->{body}"
		    if $answer->{exit} =~ /signal|still/
		    || ($answer->{status} == 200
		    ? $shape->($answer) ne $shape->($whole)
		    : $answer->{status} != 500 || $answer->{body} !~
		    /"error":"Failed to $what integration: /);
		return $answer->{err};
	});
	is(join("\n", @odd), '', 'the whole answer, or none of it');
	cmp_ok($status{500} // 0, '>', 5, 'some are 500');
	cmp_ok($times->() - $before, '>=', $status{200}, 'each 200 is told of');
}

# A body's faults are told whole, or there is a 500.
for my $faulty ('{"name":5,"metadata":{"tags":[' . join(',', 1 .. 100) . ']}}',
    '{"name":', '[]') {
	my $name = 'the faults of ' . substr $faulty, 0, 10;
	my $whole = $house->cgi(body => $faulty);
	is($whole->{status}, 422, $name);
	each_failing($name, sub {
		my ($env) = @_;
		my $answer = $house->cgi(body => $faulty, env => $env);
		push @odd, "$name, $env->{FAIL_AT}: $answer->{exit} "
		    . "$answer->{status} $answer->{body}"
		    if $answer->{exit} =~ /signal|still/
		    || ($answer->{status} != 500
		    && $answer->{body} ne $whole->{body});
		return $answer->{err};
	});
}
my ($id) = map { $_->{integration_id} } @{ $house->integrations };
for my $words (['integration', 'list', '--json'], ['integration', 'list'],
    ['integration', 'show', $id, '--json'], ['integration', 'show', $id],
    ['integration', 'reveal', $id, '--json'], ['key', 'list', '--json'],
    ['check', '--json'], ['key', 'create', '--user', 'u', '--expires', '1d']) {
	my $shape = sub { $_[0]{out} =~ s/\b[0-9a-z]{8}\b|srk_[\w-]+/x/gr };
	my $whole = $house->admin(@$words);
	is($whole->{exit}, 0, "strongroom @$words");
	each_failing("strongroom @$words", sub {
		my ($env) = @_;
		my $done = $house->admin(@$words, { env => $env });
		push @odd, "$env->{FAIL_AT} @$words: exit $done->{exit}"
		    if $done->{exit} =~ /signal|still/;
		push @odd, "$env->{FAIL_AT} @$words: $done->{out}"
		    if $done->{exit} eq '0'
		    && $shape->($done) ne $shape->($whole);
		return $done->{err};
	});
}
# Each time in a directory of its own: what says that it is done has made both.
each_failing('strongroom init', sub {
	my ($env, $n) = @_;
	my @files = map { "$house->{dir}/init-$n-$_" } qw(data/s.db keys/m.key);
	my $done = $house->admin('init', { env => { %$env,
	    STRONGROOM_DATABASE => $files[0],
	    STRONGROOM_MASTER_KEY_FILE => $files[1] } });
	push @odd, "$n init: exit $done->{exit}" if $done->{exit} eq '0'
	    ? grep { !-s } @files : $done->{exit} =~ /signal|still/;
	return $done->{err};
});
is(join("\n", @odd), '', 'no command crashes, no faulty body is saved');
is($house->admin('check')->{exit}, 0, 'all that is stored is whole');

finish();
