#!/usr/bin/perl
# The log: one line a request, its id the one in X-Request-Id, who asked, the
# reason of each 401, and never a secret.

use strict;
use warnings;
use Test::More;
use Strongroom;
use Strongroom::Json qw(decode);
use Strongroom::Proc qw(wait_until);

my $canary = 'CANARY' . join '', map { chr 97 + rand 26 } 1 .. 20;
my $body = "{\"name\":\"$canary\",\"integration_type\":\"jira\",\"auth_data\":"
    . "{\"access_token\":\"$canary\"},\"unique_identifier\":\"$canary\"}";

# The line of an answer, as a hash; the log may be a moment behind it.
sub text_line {
	my ($house, $answer) = @_;
	my $id = $answer->{headers}{'x-request-id'};
	my @lines = lines_with($house, qr/\A\S+ \S+ request id=\Q$id\E /);
	is(scalar @lines, 1, 'one line a request');
	my ($time, $level, $event, $rest) = split / /, $lines[0] // '', 4;
	like($time // '', qr/\A\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z\z/,
	    'it begins with the time');
	my %is = (level => $level, event => $event);
	$is{$1} = $2 while ($rest // '') =~ /(\w+)=("[^"]*"|\S*)/g;
	return \%is;
}

sub json_line {
	my ($house, $answer) = @_;
	my $id = $answer->{headers}{'x-request-id'};
	my @lines = grep { defined $_->{status} } map { decode($_) }
	    lines_with($house, qr/"id":\s*"\Q$id\E".*"status"/);
	is(scalar @lines, 1, 'one line a request');
	return $lines[0] // {};
}

# The reasons that the log gives for this answer.
sub reasons {
	my ($house, $answer) = @_;
	my $id = $answer->{headers}{'x-request-id'};
	return join ' ', map { /\breason"?[=:]\s*"?([^\s",}]+)/ ? $1 : () }
	    grep { /\Q$id\E/ } $house->log_lines;
}

sub lines_with {
	my ($house, $pattern) = @_;
	my @lines;
	wait_until(20, sub {
		@lines = grep { $_ =~ $pattern } $house->log_lines;
	});
	return @lines;
}

for my $format (qw(text json)) {
	my $house = house(conf => { log_format => $format });
	$house->worker(via => $format eq 'text' ? 'spawn-fcgi' : 'socket');
	$house->nginx;
	my $line = $format eq 'text' ? \&text_line : \&json_line;
	my $key = $house->key;
	my $revoked = $house->key('gone');
	$house->admin_ok('key', 'revoke', $house->public_id($revoked));
	my $short = $house->admin_ok(qw(key create --user brief --expires 1s))
	    =~ s/\n//r;
	wait_until(30, sub {
		$house->http(body => $body, key => $short)->{status} == 401;
	});
	my $wrong = substr($key, -1) eq 'a' ? 'b' : 'a';

	my $got = $line->($house, $house->http(body => $body, query => "q=$canary",
	    headers => ['X-Other' => $canary, 'X-Request-Id' => $canary]));
	is($got->{level}, 'info', "$format: a 200 is info");
	is($got->{method}, 'POST', "$format: the method");
	is($got->{path}, SAVE, "$format: the path, without the query");
	is($got->{status}, 200, "$format: the status");
	is($got->{user}, $house->user, "$format: the user");
	is($got->{key}, $house->public_id($key), "$format: the public key id");
	is($got->{address}, '127.0.0.1', "$format: the client's address");
	like($got->{duration_us}, qr/\A\d+\z/, "$format: the duration");
	cmp_ok($got->{duration_us}, '>', 0, "$format: which is not nothing");

	my @reasons = (
	    [missing => key => undef], [missing => key => ''],
	    [malformed => key => "srk_$canary"],
	    [checksum => key => $key =~ s/.\z/$wrong/r],
	    [unknown => key => "imported-elsewhere-$canary"],
	    [revoked => key => $revoked], [expired => key => $short],
	    [repeated => headers => ['x-api-key' => $key]],
	);
	for my $case (@reasons) {
		my ($reason, %request) = @$case;
		my $answer = $house->http(body => $body, %request);
		is($answer->{status}, 401, "$format: a 401 ($reason)");
		$got = $line->($house, $answer);
		is($got->{status}, 401, "$format: is in the log");
		is(reasons($house, $answer), $reason, "$format: with its reason");
		is($got->{address}, '127.0.0.1',
		    "$format: and the address it came from");
		unlike($answer->{body}, qr/\b$reason\b/,
		    "$format: of which the client hears nothing")
		    if $reason ne 'missing';
	}
	for my $case ([404, path => "/$canary-not"], [405, method => 'GET'],
	    [422, body => "{$body"], [422, body => $body, type => $canary],
	    [422, body => "{\"name\":[\"$canary\"]}"]) {
		my ($status, %request) = @$case;
		my $answer = $house->http(%request);
		is($answer->{status}, $status, "$format: a $status");
		$got = $line->($house, $answer);
		is($got->{status}, $status, "$format: is in the log");
	}
	$house->http(path => '/x%0a2026-01-15T10:30:00.123456Z%20info%20forged'
	    . '%22%20%1b[31m', key => undef);
	my $end = $house->stop_worker;
	is($end->{exit}, 0, "$format: the worker ends");
	my @lines = $house->log_lines;
	my @forged = grep { /\A\S*forged|\x1b|\A2026-01-15T10:30:00\.123456Z/ }
	    @lines;
	is("@forged", '', "$format: a path cannot forge a line");
	if ($format eq 'json') {
		my @odd = grep { !eval { ref decode($_) eq 'HASH' } } @lines;
		is("@odd", '', 'every line is a JSON object');
	}
	my $log = join "\n", grep { !/"?path"?[=:]\s*"?\/CANARY/ } @lines;
	unlike($log, qr/CANARY/, "$format: nothing that was sent is in the log");
	for my $secret ($key, $revoked, $short) {
		my $part = substr $secret, 13, 43;
		unlike($log, qr/\Q$part\E/, "$format: nor is a key");
	}
}

# log_level: at warning a good request leaves no line.
my $quiet = house(conf => { log_level => 'warning' });
$quiet->worker;
my $answer = $quiet->fcgi(body => $body);
saved_ok($answer, 'a save at log_level warning');
is($quiet->stop_worker->{exit}, 0, 'the worker ends');
my $id = $answer->{headers}{'x-request-id'};
is(scalar(grep { /\Q$id\E/ } $quiet->log_lines), 0, 'is not logged');

# CGI logs to its stderr.
my $cgi = house();
$answer = $cgi->cgi(body => $body);
like($answer->{err}, qr/ info request id=\Q$answer->{headers}{'x-request-id'}\E [^\n]*status=200[^\n]*\n/,
    'CGI: the line is on stderr');
unlike($answer->{err}, qr/CANARY/, 'CGI: without a secret');

# The address is whatever the web server says, and so it may be anything.
my $evil = "192.0.2.1\n2026-01-15T10:30:00.123456Z info \"\\\x1b" . 'x' x 400;
my $shown = '192.0.2.1\x0a2026-01-15T10:30:00.123456Z info \"\\\\\x1b'
    . 'x' x (256 - 46);
my %addresses = (absent => [undef, ''], empty => ['', ''],
    'of a client' => ['2001:db8::7', ' address=2001:db8::7'],
    'of a forger' => [$evil, qq( address="$shown")]);
for my $format (qw(text json)) {
	my $house = house(conf => { log_format => $format });
	$house->worker;
	for my $name (sort keys %addresses) {
		my ($told, $text) = @{ $addresses{$name} };
		my %ask = (body => $body, key => undef,
		    params => { REMOTE_ADDR => $told });
		for my $door (qw(fcgi cgi)) {
			my $answer = $house->$door(%ask);
			my $id = $answer->{headers}{'x-request-id'};
			my ($line) = grep { /\Q$id\E.*status/ } $door eq 'cgi'
			    ? split /\n/, $answer->{err}
			    : lines_with($house, qr/\Q$id\E.*status/);
			if ($format eq 'json') {
				my $value = decode($line)->{address};
				is(defined $value ? substr $value, 0, 9 : '',
				    substr($told // '', 0, 9),
				    "json, $door: an address $name");
				next;
			}
			$line =~ s/.* duration_us=\d+//;
			is($line, "$text reason=missing",
			    "text, $door: an address $name");
		}
	}
	my $key = $house->key;
	rename $house->{master_key}, "$house->{master_key}.away" or die $!;
	my $refused = $house->cgi(body => $body, key => $key,
	    params => { REMOTE_ADDR => '192.0.2.7' });
	is($refused->{status}, 500, "$format: a request that finds no key file");
	like($refused->{err}, qr/\baddress"?[=:]"?192\.0\.2\.7\b/,
	    'has the address in the log too');
}

# A variable that belongs to no key may be a typing mistake; an empty one is
# none at all.
for my $format (qw(text json)) {
	my $odd = house(conf => { log_format => $format });
	my %env = (STRONGROOM_DATABSE => "$canary-value", STRONGROOM_QUEUE => '',
	    STRONGROOM_LOG_LEVEL => '');
	$odd->worker(env => \%env);
	like(slurp($odd->{worker}{log}), qr/STRONGROOM_DATABSE is a variable of/,
	    "$format: the start names a variable that belongs to no key");
	unlike(slurp($odd->{worker}{log}), qr/CANARY|_QUEUE|_LOG_LEVEL/,
	    "$format: not its value, nor empty ones");
	my $check = $odd->admin('check', { env => \%env });
	is($check->{exit}, 0, "$format: a command is done");
	like($check->{err}, $format eq 'json'
	    ? qr/\A\{"time":.*"warning".*"STRONGROOM_DATABSE /
	    : qr/\A\S+ warning STRONGROOM_DATABSE /,
	    "$format: and names it too, in that format");
	is($odd->stop_worker->{exit}, 0, "$format: the worker ends");
	is(scalar(grep { !eval { decode($_) } } $odd->log_lines), 0,
	    'in JSON as all lines') if $format eq 'json';
}

finish();
