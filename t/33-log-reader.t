#!/usr/bin/perl
# Who reads the log may stall, go away and come back: nobody waits for him,
# and what he missed is counted.

use strict;
use warnings;
use Fcntl qw(F_GETFL F_SETFL O_NONBLOCK O_RDWR);
use IO::Select;
use POSIX ();
use Socket qw(AF_UNIX PF_UNSPEC SOCK_STREAM);
use Test::More;
use Time::HiRes qw(time);
use Strongroom;
use Strongroom::FastCGI qw(fcgi_connect);
use Strongroom::Proc qw(start run reap stop wait_until launch pause);

use constant MANY => 9_000;

my $body = '{"name":"n","integration_type":"jira"}';
my $limit = 5 * slow();
my $house = house(conf => { log_level => 'info' });
$house->key;

# What a log can be that somebody has to read: his end, and the program's.
my %ways = (
	pipe => sub {
		pipe my $reader, my $writer or die "pipe: $!";
		return ($reader, $writer);
	},
	'a stream socket' => sub {
		socketpair my $reader, my $writer, AF_UNIX, SOCK_STREAM,
		    PF_UNSPEC or die "socketpair: $!";
		return ($reader, $writer);
	},
);

# So many requests over one connection, now and then a save: the ids of their
# answers, as far as they were answered.
sub ask {
	my ($worker, $n) = @_;
	my @ids;
	my $sock = fcgi_connect($worker->{socket}) or return;
	for my $i (1 .. $n) {
		my $said = $house->fcgi(sock => $sock, keep => 1,
		    seconds => 10 * slow(), $i % 50 ? (method => 'GET',
		    path => '/healthz', key => undef, type => undef)
		    : (body => $body));
		last if $said->{status} != 200;
		push @ids, $said->{headers}{'x-request-id'};
	}
	return @ids;
}

# Add to $$text what comes until the code says that it is enough.
sub read_until {
	my ($reader, $text, $code) = @_;
	my $can = IO::Select->new($reader);
	my $end = time + 30 * slow();
	while (!$code->()) {
		die "the log does not come: $$text" if time > $end;
		$can->can_read(0.2) or next;
		sysread $reader, $$text, 65536, length $$text or last;
	}
}

my $LINE = qr/\A\d{4}-\d\d-\d\dT[0-9:.]{15}Z (?:info|warning|error) [ -~]+\z/;
my $LOST = qr/^\S+ warning (\d+) lines? of this log w(?:as|ere) lost\b/m;

# How many lines the log says were lost; in how many places.
sub lost {
	my ($text) = @_;
	my ($n, @told) = (0, $text =~ /$LOST/g);
	$n += $_ for @told;
	return ($n, scalar @told);
}

sub missing {
	my ($text, @ids) = @_;
	my %is = map { $_ => 1 } $text =~ / id=(\S+) /g;
	return scalar grep { !$is{$_} } @ids;
}

# The lines of the requests that are missing are what is said to be lost; and
# those of the start, which may be written only now, as far as they are.
sub told_ok {
	my ($text, $lost, $name, @ids) = @_;
	my $missing = missing($text, @ids);
	my $more = grep { $text !~ $_ } qr/ the sandbox is closed/,
	    qr/ serves, /, qr/ audit seq=/;
	ok($lost >= $missing && $lost <= $missing + $more, $name)
	    || diag("$lost lost, $missing missing, $more of the start");
}

sub whole_ok {
	my ($text, $name) = @_;
	my @odd = grep { $_ !~ $LINE } split /\n/, $text;
	is("@odd[0 .. ($#odd > 3 ? 3 : $#odd)]", '', "$name: every line is whole");
}

# Nobody reads; then somebody does; then he stalls again, and that is the end.
sub stalls {
	my ($way, $name, $before) = @_;
	my ($reader, $writer) = $way->();
	my $text = '';
	$before->($writer) if $before;
	my $flags = fcntl $writer, F_GETFL, 0;
	my $worker = $house->worker(stderr => $writer);
	my @ids = ask($worker, MANY);
	is(scalar @ids, MANY, "$name: nobody waits for a log that nobody reads");
	read_until($reader, \$text, sub { $text =~ /$LOST.*\n/ });
	my @more = ask($worker, 20);
	read_until($reader, \$text, sub { !@more || $text =~ /$more[-1] .*\n/ });
	my ($lost, $times) = lost($text);
	is($times, 1, "$name: the loss is told once");
	cmp_ok($lost, '>', 0, "$name: and was one");
	told_ok($text, $lost, "$name: so many lines are missing", @ids);
	is(missing($text, @more), 0, "$name: none after that");
	whole_ok($text =~ s/^filler\n//mgr, $name);
	is(fcntl($writer, F_GETFL, 0), $flags,
	    "$name: others find their descriptor as it was");
	is(scalar(() = ask($worker, 2000)), 2000, "$name: and again");
	my $end = $house->stop_worker($worker);
	is($end->{exit}, 0, "$name: it ends, whatever the log does");
	cmp_ok($end->{seconds}, '<=', $limit, "$name: in time");
}

# Fill it, as another program may have done.
sub fill {
	my ($writer) = @_;
	my $flags = fcntl $writer, F_GETFL, 0;
	fcntl $writer, F_SETFL, $flags | O_NONBLOCK or die $!;
	1 while syswrite $writer, "filler\n";
	1 while syswrite $writer, "\n";
	fcntl $writer, F_SETFL, $flags or die $!;
}

for my $name (sort keys %ways) {
	stalls($ways{$name}, $name);
	stalls($ways{$name}, "$name, full at the start", sub { fill($_[0]) });
	stalls($ways{$name}, "$name that does not block", sub {
		fcntl $_[0], F_SETFL, O_RDWR | O_NONBLOCK or die $!;
	});
}

# A reader that reads misses nothing, be he slow, and be it the end.
for my $name (sort keys %ways) {
	for my $flag (0, O_NONBLOCK) {
		my ($reader, $writer) = $ways{$name}->();
		fcntl $writer, F_SETFL, O_RDWR | $flag or die $!;
		my $worker = $house->worker(stderr => $writer);
		close $writer;
		my $read = launch(1, sub {
			my $text = '';
			1 while sysread $reader, $text, 1024, length $text;
			return $text;
		});
		my @ids = ask($worker, 5200);
		is(scalar @ids, 5200, "$name, $flag, and a reader: answered");
		is($house->stop_worker($worker)->{exit}, 0, 'and ended');
		my ($said) = $read->();
		my $text = $said->[0];
		is(missing($text, @ids), 0, 'nothing is missing');
		is((lost($text))[1], 0, 'and nothing else is said');
		like($text, qr/ stopping on signal 15\n/, 'nor is the end');
		whole_ok($text, "$name, $flag, and a reader");
	}
}

# Several processes write to one pipe.
{
	my ($reader, $writer) = $ways{pipe}->();
	my @pair = map { $house->worker(stderr => $writer) } 1, 2;
	my $told = launch(4, sub { ask($pair[$_[0] % 2], 2000) });
	my @ids = map { @$_ } $told->();
	is(scalar @ids, 8000, 'two workers with one log that nobody reads');
	for my $worker (@pair) {
		my $end = $house->stop_worker($worker);
		is($end->{exit}, 0, 'end');
		cmp_ok($end->{seconds}, '<=', $limit, 'in time');
	}
	close $writer;
	my $text = '';
	1 while sysread $reader, $text, 65536, length $text;
	whole_ok($text =~ s/[^\n]*\z//r, 'two workers');
}

# A reader that went away; one that comes back to a FIFO.
{
	my $fifo = "$house->{dir}/log/fifo";
	POSIX::mkfifo($fifo, 0600) or die "$fifo: $!";
	sysopen my $reader, $fifo, O_RDWR or die "$fifo: $!";
	open my $writer, '>', $fifo or die "$fifo: $!";
	my $worker = $house->worker(stderr => $writer);
	close $reader;
	my @ids = ask($worker, MANY);
	is(scalar @ids, MANY, 'a reader that went away is not waited for');
	sysopen $reader, $fifo, O_RDWR or die "$fifo: $!";
	my $text = '';
	read_until($reader, \$text, sub { $text =~ /$LOST.*\n/ });
	my ($lost, $times) = lost($text);
	is($times, 1, 'one that comes back is told');
	told_ok($text, $lost, 'how much he missed', @ids);
	close $reader;
	my $end = $house->stop_worker($worker);
	is($end->{exit}, 0, 'without a reader it ends');
	cmp_ok($end->{seconds}, '<=', $limit, 'in time');
}

# A file that cannot grow: a full disk, a limit.
{
	open my $full, '>', '/dev/full' or die "/dev/full: $!";
	my $worker = $house->worker(stderr => $full);
	is(scalar(() = ask($worker, MANY)), MANY, 'a log on a full disk');
	my $end = $house->stop_worker($worker);
	is($end->{exit}, 0, 'does not keep it from ending');
	cmp_ok($end->{seconds}, '<=', $limit, 'in time');
}

# Where there is a refusal to start, or one request by CGI, it is the same.
for my $name (sort keys %ways) {
	my ($reader, $writer) = $ways{$name}->();
	fill($writer);
	my $conf = spew("$house->{dir}/bad.conf", "colour = blue\n");
	for my $args ([['--config', $conf], 78], [['--nonsense'], 2]) {
		my $begun = time;
		my $pid = start(cmd => [program('strongroom.fcgi'),
		    @{ $args->[0] }], env => Strongroom::clean_env(),
		    stderr => $writer);
		is(reap($pid, 2 * $limit) // 'running', $args->[1] << 8,
		    "$name: a refusal waits for nobody");
		cmp_ok(time - $begun, '<=', $limit, 'so it is there in time');
	}
	for my $case (['/healthz', 'GET', 200], ['/', 'GET', 404]) {
		my ($path, $method, $status) = @$case;
		my $out = "$house->{dir}/cgi-out";
		unlink $out;
		my $begun = time;
		my $pid = start(cmd => [program('strongroom.fcgi'),
		    "--config=$house->{conf}", '/x.cgi'], env =>
		    Strongroom::clean_env(GATEWAY_INTERFACE => 'CGI/1.1',
		    REQUEST_METHOD => $method, SCRIPT_NAME => $path),
		    stdout => $out, stderr => $writer);
		is(reap($pid, 2 * $limit) // 'running', 0,
		    "$name: CGI waits for nobody");
		cmp_ok(time - $begun, '<=', $limit, 'and ends in time');
		like(slurp($out), qr/\AStatus: $status /, 'with an answer');
	}
	my $text = '';
	read_until($reader, \$text, sub { $text !~ /filler\n\z/ || length $text > 1 << 16 });
	my $out = run(cmd => [program('strongroom.fcgi'),
	    "--config=$house->{conf}", '/x.cgi'], env =>
	    Strongroom::clean_env(GATEWAY_INTERFACE => 'CGI/1.1',
	    REQUEST_METHOD => 'GET', SCRIPT_NAME => '/healthz'));
	like($out->{err}, qr/ info request [^\n]*status=200 [^\n]*\n\z/,
	    "$name: with a reader CGI's line is whole");
}

finish();
