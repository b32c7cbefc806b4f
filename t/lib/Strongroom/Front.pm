package Strongroom::Front;

# What has to be the same behind every web server: the answers of the service,
# and the shape of what the web server refuses itself.

use strict;
use warnings;
use Exporter 'import';
use Test::More;
use Strongroom;
use Strongroom::Json qw(decode);
use Strongroom::Life qw(life_passes metrics_are_local);

our @EXPORT_OK = qw(refusal_is large chunked front_answers no_key_in);

my $body = '{"name":"n","integration_type":"jira","auth_data":'
    . '{"access_token":"t"}}';
my $NOT_FOUND = '{"detail":"Not Found"}';
my $TOO_LARGE = '{"detail":"Request body too large"}';

# A refusal of the web server's own: the status, and JSON that says why; with
# lacks => [names], without these headers.
sub refusal_is {
	my ($answer, $status, $name, %o) = @_;
	my $h = $answer->{headers};
	my %lacks = map { $_ => 1 } @{ $o{lacks} // [] };
	my %is = ('content-type' => qr{\Aapplication/json\z},
	    'cache-control' => qr/\Ano-store\z/,
	    'x-request-id' => qr/\A[!-~]{8,64}\z/);
	my $said = eval { decode($answer->{body}) };
	my @faults = $answer->{status} == $status ? ()
	    : ("status $answer->{status}");
	for my $header (sort keys %is) {
		push @faults, "$header " . ($h->{$header} // 'absent')
		    if $lacks{$header} ? defined $h->{$header}
		    : ($h->{$header} // '') !~ $is{$header};
	}
	push @faults, 'body'
	    if ref $said ne 'HASH' || !($said->{detail} || $said->{error});
	return ok(!@faults, "$name: $status, in JSON")
	    || diag(join("\n", @faults, ''), explain($answer));
}

sub large {
	my ($size) = @_;
	return '{"name":"n","integration_type":"jira","auth_data":'
	    . '{"access_token":"' . 'x' x ($size - 70) . '"}}';
}

sub chunked {
	my ($body) = @_;
	my $text = '';
	for (my $at = 0; $at < length $body; $at += 50_000) {
		my $part = substr $body, $at, 50_000;
		$text .= sprintf("%x\r\n", length $part) . "$part\r\n";
	}
	return "${text}0\r\n\r\n";
}

sub _paths_and_methods {
	my ($send, $way) = @_;
	answer_is($send->(path => '/healthz', method => 'GET', key => undef),
	    200, '{"status":"ok"}', "$way: /healthz");
	answer_is($send->(path => '/healthz', method => 'HEAD', key => undef),
	    200, '', "$way: HEAD /healthz");
	saved_ok($send->(path => SAVE . '/', body => $body),
	    "$way: .../save/ is the route too");
	answer_is($send->(path => $_, body => $body), 404, $NOT_FOUND,
	    "$way: $_ is not") for SAVE . '//', SAVE . '///', SAVE . '//x';
	answer_is($send->(path => '/', method => 'GET', key => undef), 404,
	    $NOT_FOUND, "$way: / is nothing");
	for my $method (qw(GET PUT PATCH DELETE OPTIONS)) {
		my $got = $send->(method => $method);
		answer_is($got, 405, '{"detail":"Method Not Allowed"}',
		    "$way: $method");
		is($got->{headers}{allow}, 'POST', "$way: with Allow");
	}
}

sub _keys_and_headers {
	my ($house, $send, $way) = @_;
	answer_is($send->(body => $body, key => undef, headers =>
	    [$_ => $house->key]), 401, '{"detail":"API key is required"}',
	    "$way: $_ is no key") for qw(X_Api_Key X-Api_Key X_Api-Key);
	answer_is($send->(body => $body, headers => ['x-api-key' =>
	    $house->key]), 401, '{"detail":"Invalid API key"}',
	    "$way: the key twice");
	saved_ok($send->(body => $body, key => "\t " . $house->key . " \t"),
	    "$way: blanks and tabs around the key");
	saved_ok($send->(body => $body, type => undef),
	    "$way: no Content-Type is JSON");
	my $gzip = $send->(body => $body, headers => ['Content-Encoding' =>
	    'gzip']);
	answer_is($gzip, 415, '{"detail":"Unsupported Media Type"}',
	    "$way: Content-Encoding gzip");
	is($gzip->{headers}{'accept-encoding'}, 'identity',
	    "$way: Accept-Encoding says what is taken");
	my $answer = $send->(body => $body, headers => ['X-Request-Id' =>
	    'mine', Proxy => 'http://evil/', Status => '500',
	    'Document-Root' => '/', 'Path-Info' => '/x']);
	saved_ok($answer, "$way: headers with the names of CGI variables");
	isnt($answer->{headers}{'x-request-id'}, 'mine',
	    "$way: X-Request-Id is ours");
}

sub _too_large {
	my ($answer, $name, $lacks) = @_;
	is($answer->{body}, $TOO_LARGE, "$name: the words");
	return refusal_is($answer, 413, $name, lacks => $lacks);
}

sub _sizes {
	my ($house, $send, $way, %o) = @_;
	my @chunked = (length => undef,
	    headers => ['Transfer-Encoding' => 'chunked']);
	for my $size (70_000, 140_000, 1_048_576) {
		my $whole = large($size);
		is(length $whole, $size, "a body of $size bytes");
		my $data = saved_ok($send->(body => $whole), "$way: is saved");
		is(length $house->reveal($data->{integration_id}), $size - 51,
		    "$way: all of it");
		saved_ok($send->(@chunked, body => chunked($whole)),
		    "$way: and in chunks");
	}
	my $wide = '{"name":"n","integration_type":"jira","metadata":{"x":"'
	    . 'y' x 900_000 . '"}}';
	my $data = saved_ok($send->(body => $wide), "$way: a long answer");
	is(length($data->{metadata}{x} // ''), 900_000, "$way: comes whole");
	my ($counted, $announced) = @o{qw(counted_lacks announced_lacks)};
	_too_large($send->(body => large(1_048_577)), "$way: a byte more",
	    $announced);
	_too_large($send->(body => large(3_000_000)), "$way: 3 MB", $announced);
	_too_large($send->(@chunked, body => chunked(large(1_200_000))),
	    "$way: too much in chunks", $counted);
}

# front_answers($house, $front, 'name', announced_lacks => [headers that a 413
# is without where it is known from Content-Length], counted_lacks => [where it
# is not])
sub front_answers {
	my ($house, $front, $way, %o) = @_;
	my $send = sub { $house->http(front => $front, @_) };
	_paths_and_methods($send, $way);
	_keys_and_headers($house, $send, $way);
	_sizes($house, $send, $way, %o);
	life_passes($house, $send, $way);
	metrics_are_local($house, $front, $way);
	is($house->admin('check')->{exit}, 0, "$way: every box opens");
}

sub no_key_in {
	my ($house, $way, @files) = @_;
	for my $file (@files) {
		my $log = slurp($file);
		cmp_ok(length $log, '>', 0, "$way: $file has lines");
		is(index($log, substr $house->key, 13), -1,
		    "$way: no key in them");
	}
}

1;
