#!/usr/bin/perl
# FastCGI by our own records and by libfcgi: the same bytes go to a responder
# of each, whole and in pieces, and each well-formed request gets the same
# answer. What only one of them takes is listed, with the reason.

use strict;
use warnings;
use File::Basename qw(basename);
use IO::Select;
use Test::More;
use Time::HiRes qw(time);
use Strongroom;
use Strongroom::FastCGI qw(fcgi_connect);
use Strongroom::Proc qw(start running wait_until);
use Strongroom::Seed;

my $seed = seeded(20240115);
my $house = house(init => 0);
my %socket = map { $_ => "$house->{dir}/$_.sock" } qw(libfcgi records);
my %pid;

sub up {
	my ($who) = @_;
	return if $pid{$who} && running($pid{$who});
	unlink $socket{$who};
	$pid{$who} = start(cmd => [program("t/peer/$who"), $socket{$who}],
	    stderr => "$house->{dir}/log/$who",
	    env => Strongroom::clean_env());
	wait_until(30, sub { fcgi_connect($socket{$who}) })
	    or BAIL_OUT("t/peer/$who does not start");
}

# -- speaking and listening

# Until the other side has read all that was written (SIOCOUTQ).
sub await_read {
	my ($sock) = @_;
	wait_until(20, sub {
		my $left = pack 'i', 0;
		return !ioctl($sock, 0x5411, $left) || !unpack 'i', $left;
	}) or die 'nobody reads';
}

sub send_all {
	my ($sock, $bytes) = @_;
	while (length $bytes) {
		my $n = syswrite $sock, $bytes or return;
		substr $bytes, 0, $n, '';
	}
}

# Write the pieces, each when the one before it was read; close our half; all
# that comes back.
sub told_once {
	my ($who, @pieces) = @_;
	local $SIG{PIPE} = 'IGNORE';
	up($who);
	my $sock = fcgi_connect($socket{$who}) or die "connect: $!";
	for my $i (0 .. $#pieces) {
		await_read($sock) if $i > 0;
		send_all($sock, $pieces[$i]);
	}
	shutdown $sock, 1;
	return listen_to($sock);
}

# To the end, or to that of our patience, which is no record.
sub listen_to {
	my ($sock) = @_;
	my $got = '';
	my $end = time + 30 * slow();
	my $can = IO::Select->new($sock);
	while (time < $end) {
		next if !$can->can_read(1);
		sysread $sock, $got, 65536, length $got or return $got;
	}
	return "$got no end";
}

# libfcgi closes a connection on which nothing has come for two seconds, as
# it may be on a machine that is busy otherwise.
sub told {
	my ($who, @pieces) = @_;
	my $got;
	for (1 .. 5) {
		my $from = time;
		$got = told_once($who, @pieces);
		last if length $got || $who ne 'libfcgi' || time - $from < 1;
	}
	return $got;
}

# The records of an answer, by the letter: [type, id, content] each; a text
# instead, if it is none.
sub decode {
	my ($bytes) = @_;
	my @records;
	while (length $bytes) {
		return 'ends in a head' if length $bytes < 8;
		my ($version, $type, $id, $length, $padding, $reserved)
		    = unpack 'CCnnCC', substr $bytes, 0, 8, '';
		return "version $version" if $version != 1 || $reserved != 0;
		return 'ends in a record' if length $bytes < $length + $padding;
		push @records, [$type, $id, substr $bytes, 0, $length, ''];
		substr $bytes, 0, $padding, '';
	}
	return \@records;
}

# One answer's text, or what is wrong with it.
sub answer_of {
	my ($bytes, $want_id) = @_;
	my $records = decode($bytes);
	return $records if !ref $records;
	return 'nothing' if !@$records;
	return 'no end' if @$records < 2;
	my $text = '';
	my @end = splice @$records, -2;
	for my $record (@$records) {
		my ($type, $id, $content) = @$record;
		return "record $type of $id" if $type != 6 || $id != $want_id
		    || $content eq '';
		$text .= $content;
	}
	return 'no end of output' if $end[0][0] != 6
	    || $end[0][1] != $want_id || $end[0][2] ne '';
	return 'no end of request' if $end[1][0] != 3 || $end[1][1] != $want_id
	    || $end[1][2] ne "\0" x 8;
	return $text;
}

# -- requests

# Options of a record: its padding.
sub record {
	my ($type, $content, $id, $padding) = @_;
	return pack('CCnnCx', 1, $type, $id, length $content, $padding // 0)
	    . $content . 'P' x ($padding // 0);
}

sub begin { record(1, pack('nCx5', $_[2] // 1, $_[1] // 0), $_[0]) }

sub size_of {
	my ($n, $is_long) = @_;
	return $n < 128 && !$is_long ? pack 'C', $n : pack 'N', $n | 0x80000000;
}

# request(params => [name, value, ...], body => ..., id, keep, long => lengths
# of four bytes, cut => bytes of content a record has at most, padding => at
# most, late => records of others between: sub)
sub request {
	my (%o) = @_;
	my $id = $o{id} // 1;
	my $out = ($o{late} ? $o{late}->($id) : '') . begin($id, $o{keep});
	my @pairs = @{ $o{params} // [] };
	my $names = '';
	while (my ($name, $value) = splice @pairs, 0, 2) {
		$names .= size_of(length $name, $o{long})
		    . size_of(length $value, $o{long}) . $name . $value;
	}
	for my $stream ([4, $names], [5, $o{body} // '']) {
		my ($type, $bytes) = @$stream;
		while (length $bytes) {
			$out .= $o{late}->($id) if $o{late};
			my $most = $o{cut} ? 1 + int rand $o{cut} : 65535;
			my $piece = substr $bytes, 0, $most, '';
			$out .= record($type, $piece, $id,
			    $o{padding} ? int rand $o{padding} : 0);
		}
		$out .= $o{late}->($id) if $o{late};
		$out .= record($type, '', $id);
	}
	return $out;
}

# What a responder has to say of it.
sub expected {
	my (%o) = @_;
	my @pairs = @{ $o{params} // [] };
	my $text = '';
	while (my ($name, $value) = splice @pairs, 0, 2) {
		# Texts end at a NUL, for both of them.
		my ($variable) = "$name=$value" =~ /\A([^\0]*)/;
		$text .= 'V' . length($variable) . ":$variable\n";
	}
	my $body = $o{body} // '';
	return $text . 'B' . length($body) . ":$body\n"
	    . ($o{is_cut} ? "cut\n" : "whole\n");
}

# Both say what is expected, whatever the pieces; returns 1 or complains.
sub same {
	my ($o, @pieces) = @_;
	my $want = expected(%$o);
	for my $who (qw(libfcgi records)) {
		my $got = answer_of(told($who, @pieces), $o->{id} // 1);
		next if $got eq $want;
		diag("$who: ", substr($got, 0, 300), "\nexpected: ",
		    substr($want, 0, 300), "\npieces: ",
		    join ' ', map { substr unpack('H*', $_), 0, 800 } @pieces);
		return 0;
	}
	return 1;
}

# Records of others, which are passed over. One without content would make
# libfcgi pass over the next record's, too.
sub late {
	my ($id) = @_;
	return join '', map { record((2, 4, 5, 77)[rand 4], 'l' x (1 + rand 9),
	    $id % 65535 + 1, rand 9) } 1 .. rand 3;
}

my @typical = (QUERY_STRING => '', REQUEST_METHOD => 'POST',
    CONTENT_TYPE => 'application/json', CONTENT_LENGTH => 13,
    SCRIPT_NAME => '/api', HTTP_X_API_KEY => 'k' x 130);
my @cases = (
    ['a request as nginx sends it', params => \@typical,
	body => '{"name":"n"} ', keep => 1],
    ['one without parameters and body', id => 65535],
    ['names and values of all forms', long => 1, params => ['' => '', A => '',
	'' => 'v', 'a=b' => 'c=d', A => 'again', "N\0" => 'x', V => "v\0w",
	"\xff\r\n" => "\x80\xfe"], body => "\0\1\1\0\1\0\10", id => 258],
    ['one in many records, with padding and others between',
	params => [@typical[0 .. 5], E => 'e' x 128], body => '0123456789' x 3,
	id => 7, cut => 40, padding => 9, late => \&late],
);

# -- the same answer, in any pieces

for my $case (@cases) {
	my ($name, %o) = @$case;
	my $bytes = request(%o);
	ok(same(\%o, $bytes), "$name: whole");
	ok(same(\%o, split //, $bytes), "$name: in single bytes");
	my $at = 0;
	1 while ++$at < length $bytes
	    && same(\%o, substr($bytes, 0, $at), substr $bytes, $at);
	is($at, length $bytes, "$name: split at every byte");
}

sub random_bytes {
	my ($most) = @_;
	my $n = rand() < 0.1 ? 10 * $most : $most;
	return join '', map { chr rand 256 } 1 .. rand $n;
}

my $made = 0;
for (1 .. 200) {
	my %o = (id => 1 + int rand 65535, keep => int rand 2,
	    long => int rand 2, cut => (0, 1, 30, 3000)[rand 4],
	    padding => (0, 256)[rand 2], late => (undef, \&late)[rand 2],
	    body => random_bytes((0, 10, 300, 20_000)[rand 4]),
	    params => [map { random_bytes(40) } 1 .. 2 * int rand 30]);
	$o{cut} = 3000 if $o{cut} && length $o{body} > 3000;
	my $bytes = request(%o);
	my @at = sort { $a <=> $b } map { rand length $bytes } 1 .. rand 4;
	my @pieces;
	unshift @pieces, substr $bytes, $_, length $bytes, '' for reverse @at;
	last if !same(\%o, grep { length } $bytes, @pieces);
	$made++;
}
is($made, 200, "requests that were made at random (SR_SEED=$seed)");
my %large = (params => [map { ("N$_" => 'v' x 60) } 1 .. 900],
    body => join '', map { pack 'N', $_ } 1 .. 300_000);
ok(same(\%large, request(%large)), 'many parameters and a body of a megabyte');

# -- requests one after the other on one connection

for my $who (qw(libfcgi records)) {
	up($who);
	my $sock = fcgi_connect($socket{$who});
	my $good = 0;
	for my $id (1 .. 20) {
		my %o = (params => \@typical, body => 'x' x $id, id => $id,
		    keep => $id < 20);
		send_all($sock, request(%o));
		my ($got, $end) = ('', pack 'CCnnCxx8', 1, 3, $id, 8, 0);
		1 while substr($got, -16) ne $end
		    && sysread $sock, $got, 65536, length $got;
		$good++ if answer_of($got, $id) eq expected(%o);
	}
	is($good, 20, "$who: twenty requests on one connection");
	is(listen_to($sock), '', "$who: which is closed behind the last");
}

# -- cut requests

my $bytes = request(params => \@typical, body => '0123456789');
my $body_at = index($bytes, '0123456789') - 8;
my (@odd, @taken);
for my $at (1 .. length($bytes) - 1) {
	my %got = map { $_ => answer_of(told($_, substr $bytes, 0, $at), 1) }
	    qw(libfcgi records);
	my $body = $at > $body_at + 8 ? substr '0123456789', 0, $at
	    - $body_at - 8 : '';
	my $want = $at < $body_at ? 'nothing' : expected(params => \@typical,
	    body => $body, is_cut => 1);
	push @odd, $at if $got{records} ne $want;
	if ($at < $body_at) {
		push @taken, $at if $got{libfcgi} ne 'nothing';
		push @odd, $at if $got{libfcgi} =~ /whole$/;
	} else {
		push @odd, $at if $got{libfcgi} ne $want;
	}
}
is("@odd", '', 'a request cut in its parameters is none, one cut in its body '
    . 'is said to be cut');
note('libfcgi takes one that ends between two parameters for a cut one with '
    . 'fewer: ' . scalar(@taken) . ' times');

# -- what differs, and why

my $mine = begin(1) . record(4, '', 1) . record(5, '', 1);
my $whole = expected();
my @differ = (
    ['management records are refused; libfcgi answers them',
	record(9, "\x0e\0FCGI_MAX_CONNS", 0) . $mine, 'nothing'],
    ['one of an unknown type too; libfcgi says that it is',
	record(77, '12345678', 0) . $mine, 'nothing'],
    ['and in a body, which is cut',
	begin(1) . record(4, '', 1) . record(9, "\x0e\0FCGI_MAX_CONNS", 0)
	. record(5, '', 1), expected(is_cut => 1)],
    ['an authorizer is refused; libfcgi calls it a responder\'s request',
	begin(1, 0, 2) . record(4, '', 1) . record(5, '', 1), 'nothing'],
    ['over 1,000 parameters are refused; libfcgi has no limit',
	request(params => [('') x 2002]), 'nothing'],
    ['over 65,535 bytes of them too',
	request(params => ['A' => 'v' x 65_530]), 'nothing'],
    ['records in disorder among the parameters are refused; libfcgi takes '
	. 'those before for all', begin(1) . record(4, "\1\1ab", 1)
	. record(5, '', 1), 'nothing'],
    ['a second request at the same time is passed over; libfcgi refuses it '
	. 'by a record', begin(1) . begin(2) . record(4, '', 1)
	. record(5, '', 1), $whole],
    ['padding behind an empty record is passed over; libfcgi reads it as a '
	. 'head', begin(1) . record(4, '', 1, 8) . record(5, '', 1, 8), $whole],
    ['so is padding behind the beginning',
	record(1, pack('nCx5', 1, 0), 1, 8) . record(4, '', 1)
	. record(5, '', 1), $whole],
    ['an empty record of another request is passed over; libfcgi then drops '
	. 'the next one\'s content', record(5, '', 7) . $mine, $whole],
    ['late words on a request that was answered too; libfcgi closes',
	begin(1, 1) . record(4, '', 1) . record(5, '', 1), $whole,
	record(2, '', 1) . $mine],
    ['what comes behind a request is served; libfcgi loses it',
	begin(1, 1) . record(4, '', 1) . record(5, '', 1) . $mine,
	"$whole$whole"],
);

# Of one or more answers under one id.
sub answers_of {
	my ($bytes) = @_;
	my $records = decode($bytes);
	return $records if !ref $records;
	my ($text, $answer) = ('', '');
	for my $record (@$records) {
		$answer .= pack 'CCnnCxa*', 1, @$record[0, 1],
		    length $record->[2], 0, $record->[2];
		next if $record->[0] != 3;
		$text .= answer_of($answer, 1);
		$answer = '';
	}
	return $text . ($answer ne '' ? 'more' : $text eq '' ? 'nothing' : '');
}

my @differs;
for my $case (@differ) {
	my ($name, $bytes, $want, $next) = @$case;
	my @pieces = grep { defined } $bytes, $next;
	$want .= $whole if defined $next;
	is(answers_of(told('records', @pieces)), $want, $name);
	push @differs, $name
	    if answers_of(told('libfcgi', @pieces)) ne $want;
}
# A later libfcgi may have mended some.
note("differs: $_") for @differs;
cmp_ok(scalar @differs, '>', @differ / 2, 'libfcgi differs in most of them');

# Lengths that lie end a process by libfcgi 2.4.2, or make it write where it
# must not; later ones know better.
for my $case (['a parameter that claims 2 GiB', begin(1)
    . record(4, "\xff\xff\xff\xfe" x 2 . 'x', 1) . record(4, '', 1)],
    ['twenty questions in a management record',
	record(9, "\x0e\0FCGI_MAX_CONNS" x 20, 0) . $mine]) {
	my ($name, $bytes) = @$case;
	is(answers_of(told('records', $bytes)), 'nothing', "$name: refused");
	my $got = answers_of(told_once('libfcgi', $bytes));
	my $is_dead = wait_until(0.5, sub { !running($pid{libfcgi}) });
	note("$name: libfcgi ", $is_dead ? 'is dead' : "says $got");
}

# -- what the fuzzer knows

# Those of which only one takes all, by one of the reasons above.
my %known = map { $_ => 1 } qw(disorder empty-late kept lengths
    management-in-body other-ids padded-begin padded-end params-1001 roles
    unknown values);
my $compared = 0;
for my $file (sort glob source() =~ s/ /\\ /gr . '/t/fuzz/corpus/fcgi/*') {
	my $bytes = substr slurp($file), 1;
	next if $known{ basename($file) };
	is(answers_of(told('records', $bytes)),
	    answers_of(told('libfcgi', $bytes)),
	    'the same of the fuzzer\'s ' . basename($file));
	$compared++;
}
cmp_ok($compared, '>', 8, 'the fuzzer\'s seeds are there');
ok(running($pid{records}), 'the responder by our records lives');
my $log = slurp("$house->{dir}/log/records");
is($log =~ s/^\S+ warning a FastCGI peer was cut off: .*\n//mgr, '',
    'and has said nothing but whom it cut off');

finish();
