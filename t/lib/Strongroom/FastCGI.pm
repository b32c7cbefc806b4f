package Strongroom::FastCGI;

# The client's side of FastCGI 1.0, responder role: whole requests, and the
# single records from which broken ones are made.

use strict;
use warnings;
use Errno qw(EINTR);
use Exporter 'import';
use IO::Select;
use IO::Socket::UNIX;
use POSIX ();
use Socket qw(SOCK_STREAM);
use Strongroom::Proc qw(now);

our @EXPORT_OK = qw(fcgi_connect fcgi_record fcgi_begin fcgi_params fcgi_stdin
    fcgi_abort fcgi_send fcgi_read fcgi_closed fcgi_request parse_cgi
    fcgi_overheard fcgi_answered);

use constant {
	BEGIN_REQUEST => 1, ABORT_REQUEST => 2, END_REQUEST => 3,
	PARAMS => 4, STDIN_ => 5, STDOUT_ => 6, STDERR_ => 7,
};

sub fcgi_connect {
	my ($path) = @_;
	return IO::Socket::UNIX->new(Type => SOCK_STREAM, Peer => $path);
}

sub fcgi_record {
	my ($type, $content, $id) = @_;
	return pack('CCnnCx', 1, $type, $id // 1, length $content, 0) . $content;
}

sub fcgi_begin { fcgi_record(BEGIN_REQUEST, pack 'nCx5', 1, $_[0] ? 1 : 0) }
sub fcgi_abort { fcgi_record(ABORT_REQUEST, '') }

sub _stream {
	my ($type, $bytes) = @_;
	my $out = '';
	for (my $at = 0; $at < length $bytes; $at += 65528) {
		$out .= fcgi_record($type, substr $bytes, $at, 65528);
	}
	return $out;
}

sub _length { $_[0] < 128 ? pack 'C', $_[0] : pack 'N', $_[0] | 0x80000000 }

# Pairs in the order given; a name may come twice.
sub fcgi_params {
	my (@pairs) = @_;
	my $bytes = '';
	while (my ($name, $value) = splice @pairs, 0, 2) {
		$bytes .= _length(length $name) . _length(length $value)
		    . $name . $value;
	}
	return _stream(PARAMS, $bytes) . fcgi_record(PARAMS, '');
}

sub fcgi_stdin { _stream(STDIN_, $_[0]) . fcgi_record(STDIN_, '') }

sub fcgi_send {
	my ($sock, $bytes, $seconds) = @_;
	my $end = now() + ($seconds // 60);
	my $can = IO::Select->new($sock);
	$sock->blocking(0);
	while (length $bytes) {
		return 0 if now() > $end;
		$can->can_write(1) or next;
		my $n = syswrite $sock, $bytes;
		next if !defined $n && ($!{EINTR} || $!{EAGAIN});
		return 0 if !defined $n;
		substr $bytes, 0, $n, '';
	}
	return 1;
}

# The next $want bytes, or undef at the end of the connection or of patience.
sub _read {
	my ($sock, $want, $end) = @_;
	my $can = IO::Select->new($sock);
	my $bytes = '';
	while (length $bytes < $want) {
		return if now() > $end;
		$can->can_read(1) or next;
		my $n = sysread $sock, $bytes, $want - length $bytes,
		    length $bytes;
		next if !defined $n && ($!{EINTR} || $!{EAGAIN});
		return if !$n;
	}
	return $bytes;
}

# One answer: { stdout, stderr, ended }; ended is absent when the other side
# closed before END_REQUEST.
sub fcgi_read {
	my ($sock, $seconds) = @_;
	my $end = now() + ($seconds // 120);
	my %got = (stdout => '', stderr => '');
	while (defined(my $head = _read($sock, 8, $end))) {
		my (undef, $type, undef, $length, $pad) = unpack 'CCnnC', $head;
		my $content = _read($sock, $length + $pad, $end) // last;
		$content = substr $content, 0, $length;
		$got{stdout} .= $content if $type == STDOUT_;
		$got{stderr} .= $content if $type == STDERR_;
		if ($type == END_REQUEST) {
			@got{qw(app protocol)} = unpack 'NC', $content;
			$got{ended} = 1;
			last;
		}
	}
	return \%got;
}

# Seconds until the other side closed; undef when it did not.
sub fcgi_closed {
	my ($sock, $seconds) = @_;
	my $from = now();
	my $can = IO::Select->new($sock);
	while (now() - $from < $seconds) {
		$can->can_read(0.5) or next;
		my $n = sysread $sock, my $bytes, 65536;
		next if !defined $n && ($!{EINTR} || $!{EAGAIN});
		return now() - $from if !$n;
	}
	return;
}

# The text that a CGI program writes: { status, headers, body }
sub parse_cgi {
	my ($text) = @_;
	my ($head, $body) = split /\r?\n\r?\n/, $text, 2;
	my %answer = (status => 0, headers => {}, body => $body // '');
	for my $line (split /\r?\n/, $head // '') {
		my ($name, $value) = $line =~ /^([^\s:]+):\s*(.*?)\s*$/ or next;
		$name = lc $name;
		my $old = $answer{headers}{$name};
		$answer{headers}{$name} = defined $old ? "$old, $value" : $value;
	}
	my $status = delete $answer{headers}{status};
	$answer{status} = defined $status ? $status =~ /^(\d+)/ ? $1 + 0 : 0
	    : length $text ? 200 : 0;
	return \%answer;
}

# Read one request off a connection, to the end of its standard input.
sub _hear {
	my ($sock) = @_;
	my ($bytes, $end) = ('', now() + 20);
	my $can = IO::Select->new($sock);
	# The end of standard input is a record without content.
	while ($bytes !~ /\x01\x05\x00\x01\x00\x00[\0-\xff]{2}\z/
	    && $can->can_read($end - now() > 0 ? $end - now() : 0)) {
		last if !sysread $sock, $bytes, 65536, length $bytes;
	}
	return $bytes;
}

# What a web server says to its backend: the bytes of one request that arrive
# at a listening socket while the code runs in a process of its own. There is
# no answer.
sub fcgi_overheard {
	my ($listener, $ask) = @_;
	my $pid = fork // die "fork: $!";
	if ($pid == 0) {
		$ask->();
		POSIX::_exit(0);
	}
	my $bytes = '';
	if (IO::Select->new($listener)->can_read(20)) {
		my $sock = $listener->accept;
		$bytes = _hear($sock);
	}
	waitpid $pid, 0;
	return $bytes;
}

# What the code returns while the next request at a listening socket is
# answered with this text of a CGI program, and what was heard before.
sub fcgi_answered {
	my ($listener, $text, $ask) = @_;
	pipe my $in, my $out or die "pipe: $!";
	my $pid = fork // die "fork: $!";
	if ($pid == 0) {
		close $in;
		POSIX::_exit(1) if !IO::Select->new($listener)->can_read(20);
		my $sock = $listener->accept;
		print {$out} _hear($sock);
		close $out;
		fcgi_send($sock, _stream(STDOUT_, $text)
		    . fcgi_record(STDOUT_, '')
		    . fcgi_record(END_REQUEST, pack 'NCx3', 0, 0));
		POSIX::_exit(0);
	}
	close $out;
	my $got = $ask->();
	my $heard = do { local $/; readline($in) // '' };
	waitpid $pid, 0;
	return ($got, $heard);
}

sub fcgi_request {
	my ($path, %o) = @_;
	my $sock = $o{sock} // fcgi_connect($path)
	    // return { status => 599, headers => {}, body => "connect: $!" };
	fcgi_send($sock, fcgi_begin($o{keep}) . fcgi_params(@{ $o{params} })
	    . fcgi_stdin($o{body} // ''));
	my $got = fcgi_read($sock, $o{seconds});
	my $answer = parse_cgi($got->{stdout});
	$answer->{ended} = $got->{ended};
	$answer->{stderr} = $got->{stderr};
	$answer->{status} = 599 if !$got->{ended};
	return $answer;
}

1;
