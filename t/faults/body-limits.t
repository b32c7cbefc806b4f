#!/usr/bin/perl
# Bodies at their limit and lies about their length, at each door: nginx, the
# worker's socket, CGI. What is not what it says is refused as the contract
# has it and stores nothing; t/25-body-limits.t has the lies one by one.

use strict;
use warnings;
use Test::More;
use Strongroom;
use Strongroom::Figure;
use Strongroom::Http qw(raw_http);

alarm(full() ? 3600 : 300);
my $MAX = 1_048_576;
my $house = house();
$house->worker(via => 'spawn-fcgi');
$house->nginx;
my $key = $house->key;

sub body_of {
	my ($size) = @_;
	my $head = with_auth('{"access_token":"') =~ s/\}\z//r;
	return $head . 'x' x ($size - length($head) - 3) . '"}}';
}

# A request as bytes, so that nginx gets the lies too. The client's end is
# closed behind it: a length that is too large is a body that is cut.
sub by_hand {
	my ($house, %o) = @_;
	my $length = exists $o{length} ? $o{length} : length $o{body};
	return raw_http($house->{nginx}{port}, 'POST ' . SAVE
	    . " HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n"
	    . "Content-Type: application/json\r\nx-api-key: $key\r\n"
	    . (defined $length ? "Content-Length: $length\r\n" : '')
	    . ($o{chunked} ? "Transfer-Encoding: chunked\r\n" : '')
	    . "\r\n$o{body}", half_close => $o{cut}, whole => 1,
	    seconds => 30);
}

sub chunks {
	my ($body, $size) = @_;
	my $text = '';
	for (my $i = 0; $i < length $body; $i += $size) {
		my $part = substr $body, $i, $size;
		$text .= sprintf("%x\r\n", length $part) . "$part\r\n";
	}
	return "${text}0\r\n\r\n";
}

my %door = (
	nginx => sub { by_hand($house, @_) },
	FastCGI => sub { $house->fcgi(@_) },
	CGI => sub { $house->cgi(@_) },
);
my %body = (413 => '{"detail":"Request body too large"}',
    400 => '{"detail":"Bad Request"}');

my ($good, $at, $over) = (with_auth('{"access_token":"t"}'), body_of($MAX),
    body_of($MAX + 1));
my $n = length $good;
my ($cells, $wrong) = (0, 0);

# Whether an answer is the one that is due; "none": nothing was answered.
sub is_due {
	my ($got, $due) = @_;
	return 1 if $due =~ /none/ && $got->{status} == 599;
	my ($status) = grep { $got->{status} eq $_ } split /\|/, $due;
	return 0 if !defined $status;
	return 0 if ($got->{headers}{'content-type'} // '')
	    ne 'application/json';
	return $status == 200 || $got->{body} eq $body{$status};
}

sub rows { ($house->rows('SELECT count(*) AS n FROM integrations'))[0]{n} }

# name, what is sent, what is due: at all doors, or by door
my @table = (
	['1 MiB', { body => $at }, 200],
	['1 MiB and a byte', { body => $over }, 413],
	['1 MiB and white space', { body => "$at " }, 413],
	['8 MiB', { body => 'x' x (8 * $MAX) }, 413],
	['no length', { body => $good, length => undef },
	    { FastCGI => 200, CGI => 200 }],
	['no length, 1 MiB and a byte', { body => $over, length => undef },
	    { FastCGI => 413, CGI => 413 }],
	# What comes behind a body is no part of it, for an HTTP server.
	['a length too small by 1', { body => $good, length => $n - 1 },
	    { FastCGI => 400, CGI => 400 }],
	['a length of 0', { body => $good, length => 0 },
	    { FastCGI => 400, CGI => 400 }],
	['a length too large by 1', { body => $good, length => $n + 1,
	    cut => 1 }, { nginx => '400|none', FastCGI => 400, CGI => 400 }],
	['a length too large by far', { body => $good, length => $MAX,
	    cut => 1 }, { nginx => '400|none', FastCGI => 400, CGI => 400 }],
	['a length over the limit', { body => $good, length => $MAX + 1 },
	    { nginx => 413, FastCGI => 400, CGI => 400 }],
	# Which is none, to the service.
	['a length of -1', { body => $good, length => '-1' },
	    { nginx => '400|413', FastCGI => 200, CGI => 200 }],
	map({ my $lie = $_;
	    ["a length of $lie", { body => $good, length => $lie },
	    { nginx => '400|413', FastCGI => 400, CGI => 400 }] }
	    '-2', "-$n", '1e3', '9223372036854775807', '9223372036854775808',
	    '18446744073709551615', '18446744073709551616',
	    18446744073709551616 . "$n", 4294967296 + $n, '0x' . sprintf('%x',
	    $n), "$n.0", "+$n", "$n $n", "$n,$n", 'NaN'),
	map({ my $size = $_;
	    ["chunks of $size", { body => chunks($good, $size), chunked => 1,
	    length => undef }, { nginx => 200 }],
	    } 1, 7, 1000),
	['chunks, 1 MiB', { body => chunks($at, 60_000), chunked => 1,
	    length => undef }, { nginx => 200 }],
	['chunks, 1 MiB and a byte', { body => chunks($over, 60_000),
	    chunked => 1, length => undef }, { nginx => 413 }],
	['chunks, cut', { body => substr(chunks($good, 7), 0, 60), cut => 1,
	    chunked => 1, length => undef }, { nginx => '400|none' }],
	['a chunk whose size is no number', { chunked => 1, length => undef,
	    body => "zz\r\n$good\r\n0\r\n\r\n" }, { nginx => 400 }],
	['a chunk of 2^64', { chunked => 1, length => undef,
	    body => "10000000000000000\r\n$good\r\n0\r\n\r\n" },
	    { nginx => '400|413' }],
	['chunks and a length', { body => chunks($good, 7), chunked => 1,
	    length => 5 }, { nginx => 400 }],
);
for my $round (1 .. rounds(1, 20)) {
	for my $row (@table) {
		my ($name, $request, $due) = @$row;
		for my $door (sort keys %door) {
			my $is = ref $due ? $due->{$door} : $due;
			next if !defined $is;
			my $rows = rows();
			my $got = $door{$door}->(%$request);
			my $good = is_due($got, $is);
			ok($good, "$name: $is ($door)")
			    || diag("$got->{status}: $got->{body}");
			my $more = $got->{status} == 200 ? 1 : 0;
			is(rows() - $rows, $more, 'and it stores '
			    . ($more ? 'it' : 'nothing')) || ($good = 0);
			$cells++;
			$wrong++ if !$good;
		}
	}
}
saved_ok($door{$_}->(body => $good), "served after it ($_)")
    for sort keys %door;
figure("$cells bodies at three doors: $wrong answers or rows not as the "
    . 'contract has them (0)');

# The same table for a worker that counts no bodies: its limit is far away.
{
	my $lax = house(conf => { max_body => 16 * $MAX });
	$lax->worker;
	my ($missed, $of) = (0, 0);
	for my $row (@table) {
		my ($name, $request, $due) = @$row;
		my $is = ref $due ? $due->{FastCGI} : $due;
		next if !defined $is || $is !~ /413/;
		$of++;
		$missed++ if !is_due($lax->fcgi(%$request), $is);
	}
	is($missed, $of, 'a worker with another limit fails the table');
	control("a worker with a limit of 16 MiB: $missed of $of cells fail");
}
finish();
