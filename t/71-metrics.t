#!/usr/bin/perl
# The figures: who may have them, what they count, that all processes count
# together and none loses what it has counted, and that no user is in them.

use strict;
use warnings;
use Test::More;
use Strongroom;
use Strongroom::Json qw(decode);
use Strongroom::Proc qw(run stop wait_until);

my $house = house(conf => { metrics => 'on' });
$house->worker;
$house->nginx;
my $key = $house->admin_ok(qw(key create --user prometheus --scopes metrics))
    =~ s/\n//r;
my $plain = $house->admin_ok(qw(key create --user carol@example.com))
    =~ s/\n//r;

sub metrics {
	my (%o) = @_;
	return $house->fcgi(method => 'GET', path => '/metrics', body => '',
	    key => $key, %o);
}

# The values, by name and labels.
sub values_of {
	my ($answer) = @_;
	return { map { /\A([^#]\S*) (\S+)\z/ ? ($1 => $2) : () }
	    split /\n/, $answer->{body} };
}

my $first = metrics();
is($first->{status}, 200, 'a key for metrics has them');
is($first->{headers}{'content-type'},
    'text/plain; version=0.0.4; charset=utf-8', 'as Prometheus reads them');
is(metrics(key => undef)->{status}, 401, 'nobody else: no key');
answer_is(metrics(key => $plain), 403,
    '{"detail":"API key lacks the scope: metrics"}', 'one for other things');
is(metrics(key => undef, headers => [Authorization => "Bearer $key"])
    ->{status}, 200, 'Authorization: Bearer does');
is(metrics(key => undef, headers => [Authorization => "bearer  $key "])
    ->{status}, 200, 'in any case, with blanks');
is(metrics(key => undef, headers => [Authorization => "Basic $key"])
    ->{status}, 401, 'another scheme does not');
is(metrics(key => $plain, headers => [Authorization => "Bearer $key"])
    ->{status}, 403, 'nor where an API key came');
is($house->fcgi(key => undef, headers => [Authorization => "Bearer $plain"],
    json => { name => 'n', integration_type => 'jira' })->{status}, 401,
    'nor on another route');

my $save = '{"name":"a","integration_type":"jira",'
    . '"unique_identifier":"canary-identifier"}';
my $counter = 'strongroom_requests_total{method="POST",'
    . 'route="/api/v2/integrations/save",status="200"}';
my $before = values_of(metrics());
saved_ok($house->http(key => $plain, body => $save), "save $_") for 1 .. 5;
saved_ok($house->cgi(key => $plain, body => $save), "by CGI $_") for 1 .. 3;
$house->http(key => $plain, body => '{');
$house->http(key => $plain, path => '/canary-path', body => '');
my $after = values_of(metrics());
is($after->{$counter} - ($before->{$counter} // 0), 8,
    'saves are counted by route and status, those of CGI too');
is($after->{$counter =~ s/200/422/r} // 0, 1, 'refusals by theirs');
is($after->{'strongroom_requests_total{method="",route="",status="404"}'}, 1,
    'what has no route has a line, without its path');
cmp_ok($after->{strongroom_committed_jobs_total}
    - $before->{strongroom_committed_jobs_total}, '>=', 8, 'so are commits');
is($after->{strongroom_request_duration_seconds_count}
    - $before->{strongroom_request_duration_seconds_count}, 11,
    'durations of all');
is($after->{'strongroom_request_duration_seconds_bucket{le="+Inf"}'},
    $after->{strongroom_request_duration_seconds_count}, 'the last has all');
my $last = 0;
for my $bound (qw(0.00025 0.0005 0.001 0.0025 0.005 0.01 0.025 0.05 0.1 0.25
    1 5 +Inf)) {
	my $n = $after->{qq(strongroom_request_duration_seconds_bucket)
	    . qq({le="$bound"})};
	cmp_ok($n, '>=', $last, "bucket $bound has what is below it");
	$last = $n;
}

# Two more processes, one of them killed: what it counted stays.
my $second = $house->worker;
saved_ok($house->fcgi(socket => $second->{socket}, key => $plain,
    body => $save), 'another worker saves');
$second->{stopped} = 1;
stop($second->{pid}, signal => 'KILL');
$house->worker;
is(values_of(metrics())->{$counter}, $after->{$counter} + 1,
    'and a killed one has lost nothing');

my $text = metrics()->{body};
unlike($text, qr/canary|carol|\@|prometheus/,
    'no user, identifier or path of a client is among them');
is(length $text, scalar(($text) =~ tr/\x0a\x20-\x7e//), 'it is ASCII');
for my $name (sort keys %{ { map { /\A(\w+?)(?:_bucket|_sum|_count)?[\{ ]/
    ? ($1 => 1) : () } grep { !/\A#/ } split /\n/, $text } }) {
	like($text, qr/^# HELP \Q$name\E \S/m, "$name: help");
	like($text, qr/^# TYPE \Q$name\E (?:counter|gauge|histogram)$/m,
	    'and type');
}
SKIP: {
	my ($promtool) = grep { -x } map { "$_/promtool" } split /:/, $ENV{PATH};
	skip 'promtool is not installed', 1 if !$promtool;
	my $ran = run(cmd => [$promtool, 'check', 'metrics'], stdin => $text,
	    env => { PATH => $ENV{PATH} });
	is($ran->{exit}, 0, 'promtool takes them') || diag($ran->{err});
	is($ran->{err} . $ran->{out}, '', 'without a complaint');
}

# What there is is counted beside the requests, once a minute at most; a worker
# that has just begun does so at once.
sub has_been_counted {
	my $values;
	wait_until(60, sub {
		$values = values_of(metrics());
		return grep { /\Astrongroom_integrations\{/ } keys %$values;
	}) or die 'no census was taken';
	return $values;
}
my %expires = (expired => '2001-01-01T00:00:00Z', expiring => time + 86400,
    valid => time + 86400 * 365, unknown => undef);
for my $state (sort keys %expires) {
	saved_ok($house->cgi(key => $plain, json => { name => 'n',
	    integration_type => 'github', auth_data => { access_token => 't',
	    expires_at => $expires{$state} } }), "one that is $state");
}
$house->stop_worker($_), $_->{stopped} = 1
    for grep { !$_->{stopped} } @{ $house->{workers} };
my $worker = $house->worker;
my $counted = has_been_counted();
is($counted->{qq(strongroom_integrations{type="github",)
    . qq(token_state="$_"})}, 1, "one is $_") for sort keys %expires;
is($counted->{'strongroom_integrations{type="jira",token_state="unknown"}'},
    1, 'saved again and again, it is one');
my ($master) = map { $_->{key_id} }
    @{ decode($house->admin_ok(qw(master-key status --json))) };
is($counted->{qq(strongroom_boxes{master_key="$master"})}, 4,
    'boxes are counted by their master key');
is($counted->{strongroom_jobs_under_way}, 0, 'nothing is under way');

# A file that is cut off while it is mapped.
my $file = "$house->{database}.metrics";
truncate $file, 0 or die "$file: $!";
saved_ok($house->fcgi(key => $plain, body => $save), "cut off, save $_")
    for 1 .. 3;
is(values_of(metrics())->{$counter}, 3,
    'a worker whose file is cut off counts on by itself');
ok(kill(0, $worker->{pid}), 'and goes on');
ok($house->log_says(qr/the file for metrics was cut off/, $worker),
    'which the log says');

# A file that is not one of ours, and none at all.
is((stat $file)[2] & 07777, 0600, 'the file is the service\'s alone');
$house->stop_worker($_), $_->{stopped} = 1
    for grep { !$_->{stopped} } @{ $house->{workers} };
spew($file, 'rubbish', 0600);
$house->worker;
is(metrics()->{status}, 200, 'over a damaged file it counts anew');

my $off = house(name => 'off');
$off->worker;
my $off_key = $off->admin_ok(qw(key create --user u --scopes metrics))
    =~ s/\n//r;
answer_is($off->fcgi(method => 'GET', path => '/metrics', body => '',
    key => $off_key), 404, '{"detail":"Not Found"}', 'off, they are not there');
ok(!-e "$off->{database}.metrics", 'and there is no file');
finish();
