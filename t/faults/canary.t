#!/usr/bin/perl
# One marked token and one marked key, by every door, in small bodies and in
# those of 200 kB, and by the command line. Afterwards they are in no file, in
# no environment and on no command line, and in no memory of the idle worker.

use strict;
use warnings;
no warnings qw(portable);	# addresses have 64 bits
use File::Find qw(find);
use MIME::Base64 qw(encode_base64);
use Test::More;
use Strongroom;
use Strongroom::Figure;
use Strongroom::FastCGI qw(fcgi_connect fcgi_begin fcgi_params fcgi_send
    fcgi_record);
use Strongroom::Proc qw(wait_until pause);

alarm(full() ? 3600 : 300);
my $may_look = $> == 0;		# at another process's memory
my @letters = ('a' .. 'z', 0 .. 9);

sub marked { join '', $_[0], map { $letters[rand @letters] } 1 .. 34 }

# A secret, its halves (a buffer may have been written over in part), and what
# it looks like in other clothes.
sub needles {
	my ($secret) = @_;
	my $half = length($secret) / 2;
	my %needle = (whole => $secret, 'first half' => substr($secret, 0, $half),
	    'second half' => substr($secret, $half));
	$needle{"hex $_"} = unpack 'H*', $needle{$_} for sort keys %needle;
	$needle{"upper $_"} = uc $needle{$_}
	    for grep { /^hex/ } sort keys %needle;
	for my $skip (0 .. 2) {
		my $base64 = encode_base64(substr($secret, $skip), '');
		$needle{"base64 from $skip"} = substr $base64, 0, 24;
	}
	$needle{backwards} = reverse $secret;
	return \%needle;
}

sub found_in {
	my ($bytes, $needles) = @_;
	return grep { index($bytes, $needles->{$_}) >= 0 } sort keys %$needles;
}

my $files;
# Files below the house, but those that the operator made.
sub on_disk {
	my ($house, @secrets) = @_;
	my @hits;
	$files = 0;
	find({ no_chdir => 1, wanted => sub {
		return if !-f $_ || -l $_;
		$files++;
		my $bytes = slurp($_);
		for my $secret (@secrets) {
			push @hits, map { "$_ of it in $File::Find::name" }
			    found_in($bytes, needles($secret));
		}
	} }, $house->{top});
	return @hits;
}

# All of a process's memory that can be written, and how much that was.
my $looked;
sub in_memory {
	my ($pid, @secrets) = @_;
	my @hits;
	open my $memory, '<:raw', "/proc/$pid/mem" or die "memory: $!";
	open my $maps, '<', "/proc/$pid/maps" or die "maps: $!";
	$looked = 0;
	while (my $line = readline $maps) {
		my ($from, $to, $mode, $name) =
		    $line =~ /^(\w+)-(\w+) (\S+) \S+ \S+ \S+\s*(.*)/ or next;
		next if $mode !~ /^rw/;
		($from, $to) = (hex $from, hex $to);
		sysseek $memory, $from, 0 or next;
		my $bytes = '';
		while (length $bytes < $to - $from) {
			my $n = sysread $memory, $bytes, $to - $from
			    - length $bytes, length $bytes;
			last if !$n;
		}
		$looked += length $bytes;
		for my $secret (@secrets) {
			push @hits, map { "$_ of it in "
			    . ($name || 'memory without a name') }
			    found_in($bytes, needles($secret));
		}
	}
	return @hits;
}

sub in_proc {
	my ($pid, @secrets) = @_;
	return map { my $file = "/proc/$pid/$_";
	    my $bytes = slurp($file);
	    map { map { "$_ of it in $file" } found_in($bytes, needles($_)) }
	    @secrets } qw(environ cmdline);
}

my ($all, $memory_bytes, $rounds, @hits) = (0, 0, 0);

# All requests by one door, and what is left in the worker after each.
sub requests {
	my ($house, $door, $token, $key) = @_;
	my $small = "{\"access_token\":\"$token\",\"code\":\"$token\"}";
	my $large = "{\"access_token\":\"$token\",\"more\":\""
	    . "$token " x 5000 . "\"}";
	for my $case ([200, body => with_auth($small)],
	    [200, body => with_auth($large)],
	    [200, body => with_auth($small, '"unique_identifier":"u",')],
	    [200, body => with_auth($large, '"unique_identifier":"u",')],
	    [409, body => with_auth($large, '"unique_identifier":"u",')
		=~ s/jira/slack/r],
	    [422, body => with_auth($large) . 'x'],
	    [422, body => with_auth("[\"$token\"]")],
	    [422, body => with_auth($small), type => 'text/plain'],
	    [401, body => with_auth($large), key => "${key}x"],
	    [401, body => with_auth($large), key => undef],
	    [413, body => with_auth($large) . ' ' x 1_048_576],
	    [404, body => with_auth($large), path => '/x'],
	    [200, body => "{\"metadata\":{\"instance_name\":\"i\"},"
		. "\"name\":\"n\",\"integration_type\":\"jira\","
		. "\"auth_data\":" . $small =~ s/([a-m])/sprintf '\\u%04x',
		ord $1/ger . '}']) {
		my ($status, %request) = @$case;
		my $got = $house->$door(key => $key, %request);
		is($got->{status}, $status, "a $status ($door)");
		$all++;
		look($house, "after a $status ($door)", $token, $key)
		    if $may_look && $door ne 'cgi';
	}
}

# The worker's memory once it is idle. An answer is out before the last is
# wiped, so a hit counts when it stays.
sub look {
	my ($house, $when, $token, $key) = @_;
	my $secret = substr $key, 13, 43;
	my @found;
	wait_until(3, sub {
		@found = in_memory($house->{worker}{pid}, $token, $secret);
		return !@found;
	});
	$rounds++;
	$memory_bytes = $looked if $looked > $memory_bytes;
	push @hits, @found;
	is("@found", '', "no hit in memory $when");
}

my $house = house();
my $worker = $house->worker(via => 'spawn-fcgi');
$house->nginx;
my ($token, $key) = (marked('canary'), $house->key);
my $secret = substr $key, 13, 43;

# A client that goes away in the middle, while it is served and after; its
# memory is what shows that the looking finds something.
my $body = with_auth("{\"access_token\":\"$token\"}");
my $control = 0;
if ($may_look) {
	my $sock = fcgi_connect($worker->{socket});
	fcgi_send($sock, fcgi_begin(0)
	    . fcgi_params($house->fcgi_params_of(body => $body))
	    . fcgi_record(5, substr $body, 0, -2));
	my %kind;
	wait_until(20, sub {
		$kind{token} = in_memory($worker->{pid}, $token);
		$kind{key} = in_memory($worker->{pid}, $secret);
		return $kind{token} && $kind{key};
	});
	cmp_ok($kind{token}, '>', 0, 'the token of a request that is not yet '
	    . 'served is seen in memory');
	cmp_ok($kind{key}, '>', 0, 'and its key');
	$control = $kind{token} + $kind{key};
	close $sock;
	look($house, 'after a client that went away', $token, $key);
}

requests($house, $_, $token, $key) for qw(fcgi http cgi);
my ($row) = @{ $house->integrations };
like($house->reveal($row->{integration_id}), qr/\Q$token/, 'it is there');
$house->reveal($_->{integration_id}) for @{ $house->integrations }[1 .. 3];
$house->admin_ok('integration', 'reveal', $row->{integration_id}, '--json');
my $second = $house->key('second');
$house->admin_ok($_->[0], @$_[1 .. $#$_]) for ['check'], ['key', 'list'],
    ['integration', 'list', '--json'];
my @secrets = ($token, $secret, substr $second, 13, 43);
my @disk = on_disk($house, @secrets);
is("@disk", '', 'no hit on disk while it runs');
my $searched = $files;
cmp_ok($searched, '>', 5, 'there are files to search');
my @proc = map { in_proc($_, @secrets) } $worker->{pid}, $house->{nginx}{pid};
is("@proc", '', 'no hit in an environment or on a command line');
look($house, 'at the end', $token, $key) if $may_look;
ok(-s "$house->{database}-wal", 'there is a log');
$house->stop_worker($worker);
push @disk, on_disk($house, @secrets);
is("@disk", '', 'no hit on disk when it has ended');

# The same markers where they may be seen.
$house->worker;
my $open = marked('planted');
$house->fcgi(body => "{\"name\":\"$open\",\"integration_type\":\"jira\"}");
my @planted = on_disk($house, $open);
cmp_ok(scalar @planted, '>', 0, 'a marker in clear is found on disk');
spew("$house->{dir}/planted", unpack 'H*', $open);
cmp_ok(scalar(on_disk($house, $open)), '>', @planted, 'and one in hex');
my $env = $house->worker(env => { SR_PLANTED => $open });
cmp_ok(scalar(in_proc($env->{pid}, $open)), '>', 0,
    'and one in an environment');
if ($may_look) {
	cmp_ok(scalar(in_memory($env->{pid}, $open)), '>', 0,
	    'which is memory too');
}
figure(scalar(@disk) + @proc . " hits on $searched files and in /proc (0), "
    . @hits . " in the memory of the idle worker (0), "
    . ($may_look ? sprintf '%.1f MB, after each of %d requests',
    $memory_bytes / 1e6, $rounds : 'which only root can look at'));
control(@planted . " hits of a marker in clear on disk, $control in memory of "
    . 'a request that is not yet served');
finish();
