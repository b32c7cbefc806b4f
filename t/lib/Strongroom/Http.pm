package Strongroom::Http;

# The web servers in front, each started for one test on a port and in a
# directory of its own, and requests to them: ordinary ones by HTTP::Tiny,
# odd ones as bytes on a socket.

use strict;
use warnings;
use Errno qw(EINTR);
use Exporter 'import';
use HTTP::Tiny;
use IO::Select;
use IO::Socket::INET;
use POSIX ();
use Strongroom::Proc qw(start stop running wait_until now);

our @EXPORT_OK = qw(http_request raw_http start_server);

sub http_request {
	my ($port, $r) = @_;
	my (%headers, $odd);
	my @pairs = @{ $r->{headers} };
	while (my ($name, $value) = splice @pairs, 0, 2) {
		$odd ||= exists $headers{lc $name} || $value =~ /[^ -~]/;
		$headers{lc $name} = $value;
	}
	return _by_hand($port, $r)
	    if $odd || !defined $r->{type} || exists $r->{length};
	my $ua = HTTP::Tiny->new(keep_alive => 0, timeout => 120,
	    max_redirect => 0, agent => 'strongroom-test');
	$headers{'Content-Type'} = $r->{type};
	my $got = $ua->request($r->{method}, "http://127.0.0.1:$port$r->{path}"
	    . (length $r->{query} ? "?$r->{query}" : ''),
	    { headers => \%headers, content => $r->{body} });
	my %h = map {
		my $v = $got->{headers}{$_};
		(lc $_ => ref $v ? join ', ', @$v : $v);
	} keys %{ $got->{headers} };
	return { status => $got->{status}, headers => \%h,
	    body => $got->{content} // '' };
}

sub _by_hand {
	my ($port, $r) = @_;
	my $text = "$r->{method} $r->{path}"
	    . (length $r->{query} ? "?$r->{query}" : '')
	    . " HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n";
	$text .= "Content-Type: $r->{type}\r\n" if defined $r->{type};
	my $length = exists $r->{length} ? $r->{length} : length $r->{body};
	$text .= "Content-Length: $length\r\n" if defined $length;
	my @pairs = @{ $r->{headers} };
	while (my ($name, $value) = splice @pairs, 0, 2) {
		$text .= "$name: $value\r\n";
	}
	return raw_http($port, "$text\r\n$r->{body}");
}

# Whether an answer has come as far as its Content-Length says.
sub _is_whole {
	my ($head, $body) = split /\r\n\r\n/, $_[0], 2;
	return defined $body && $head =~ /^content-length:\s*(\d+)/im
	    && length $body >= $1;
}

# Send these bytes, read to the end of the connection; with whole => 1 to the
# end of the answer, behind which a server may wait for what was announced;
# from => ADDRESS, as that client.
sub raw_http {
	my ($port, $bytes, %o) = @_;
	my $none = { status => 599, headers => {}, body => '' };
	my $sock = IO::Socket::INET->new(PeerAddr => '127.0.0.1',
	    PeerPort => $port, defined $o{from} ? (LocalAddr => $o{from}) : ())
	    or return $none;
	$sock->blocking(0);
	my $can = IO::Select->new($sock);
	my $end = now() + ($o{seconds} // 120);
	my ($text, $open) = ('', 1);
	while ($open && now() < $end) {
		my ($in, $out) = IO::Select->select($can,
		    length $bytes ? $can : undef, undef, 1);
		if ($out && @$out) {
			my $n = syswrite $sock, $bytes;
			if (defined $n) {
				substr $bytes, 0, $n, '';
				shutdown $sock, 1
				    if $o{half_close} && !length $bytes;
			} elsif (!$!{EAGAIN} && !$!{EINTR}) {
				$bytes = '';
			}
		}
		if ($in && @$in) {
			my $n = sysread $sock, $text, 65536, length $text;
			$open = 0 if defined $n ? !$n : !$!{EAGAIN} && !$!{EINTR};
			last if $o{whole} && _is_whole($text);
		}
	}
	return { %$none, open => $open } if $text !~ m{\AHTTP/1\.[01] (\d+)};
	my %answer = (status => $1, headers => {}, open => $open);
	my ($head, $body) = split /\r\n\r\n/, $text, 2;
	for my $line (split /\r\n/, $head) {
		my ($name, $value) = $line =~ /^([^\s:]+):\s*(.*?)\s*$/ or next;
		my $old = $answer{headers}{lc $name};
		$answer{headers}{lc $name} =
		    defined $old ? "$old, $value" : $value;
	}
	$answer{body} = $body // '';
	if (($answer{headers}{'transfer-encoding'} // '') eq 'chunked') {
		my $plain = '';
		while ($answer{body} =~ s/\A([0-9a-fA-F]+)[^\r\n]*\r\n//) {
			my $n = hex $1 or last;
			$plain .= substr $answer{body}, 0, $n;
			$answer{body} = substr $answer{body}, $n + 2;
		}
		$answer{body} = $plain;
	}
	return \%answer;
}

sub _port {
	my $sock = IO::Socket::INET->new(Listen => 1,
	    LocalAddr => '127.0.0.1', LocalPort => 0) or die "bind: $!";
	return $sock->sockport;
}

sub _slurp {
	open my $fh, '<', $_[0] or return '';
	local $/;
	return readline($fh) // '';
}

# Start a server; another port when somebody was faster at this one.
sub start_server {
	my ($name, $conf, $log, $text, %o) = @_;
	for (1 .. 5) {
		my $port = _port();
		open my $fh, '>', $conf or die "$conf: $!";
		print {$fh} $text->($port);
		close $fh;
		my $pid = start(name => $name, stdout => $log, stderr => $log,
		    %o);
		my $up = wait_until(60, sub {
			!running($pid) || IO::Socket::INET->new(
			    PeerAddr => '127.0.0.1', PeerPort => $port);
		});
		return { pid => $pid, port => $port, log => $log,
		    url => "http://127.0.0.1:$port" }
		    if $up && running($pid);
		stop($pid);
	}
	die "$name does not start: " . _slurp($log);
}

# nginx(dir =>, source =>, socket =>, env =>, keepalive =>, connections =>
# how many at a time, clients' and its own to the worker, lines => more of the
# server block)
sub nginx {
	my (%o) = @_;
	my $dir = "$o{dir}/nginx";
	-d $_ || mkdir $_ or die "$_: $!" for $dir;
	my $keepalive = $o{keepalive} // 32;
	my $connections = $o{connections} // 1024;
	my $files = $connections + 64;
	my $user = $> == 0 ? "user root;\n" : '';
	my $temp = join '', map { qq(\t${_}_temp_path "$dir/$_";\n) }
	    qw(client_body fastcgi proxy uwsgi scgi);
	my $text = sub { <<"CONF" };
${user}daemon off;
worker_processes 1;
pid "$dir/pid";
error_log "$dir/error.log" info;
worker_rlimit_nofile $files;
events { worker_connections $connections; }
http {
	access_log "$dir/access.log";
$temp
	upstream strongroom {
		server "unix:$o{socket}";
		keepalive $keepalive;
		keepalive_time 2s;
		keepalive_timeout 2s;
	}
	server {
		listen 127.0.0.1:$_[0] backlog=4096;
		server_name localhost;
		root "$o{dir}/www";
@{[$o{lines} // '']}
		include "$o{source}/nginx/strongroom-locations.conf";
	}
}
CONF
	my $front = start_server('nginx', "$dir/nginx.conf", "$dir/error.log", $text,
	    cmd => ['nginx', '-p', $dir, '-c', "$dir/nginx.conf", '-e',
	    "$dir/error.log"], env => $o{env});
	return { %$front, dir => $dir };
}

# apache(dir =>, user => name, modules => [names], lines => directives, env =>,
# wrap => [command in front]), with mod_cgid if no modules are named
sub apache {
	my (%o) = @_;
	my $dir = "$o{dir}/apache";
	-d $dir || mkdir $dir or die "$dir: $!";
	my ($modules) = grep { -d } qw(/usr/lib/apache2/modules
	    /usr/libexec/apache2 /usr/lib64/httpd/modules);
	my $load = join '', map {
		-e "$modules/mod_$_.so"
		    ? qq(LoadModule ${_}_module "$modules/mod_$_.so"\n) : '';
	} qw(mpm_event authz_core alias env), @{ $o{modules} // ['cgid'] };
	my $user = $o{user} ? "User $o{user}\nGroup #"
	    . (getpwnam $o{user})[3] . "\n" : '';
	my $text = sub { <<"CONF" };
ServerRoot "$dir"
ServerName localhost
Listen 127.0.0.1:$_[0]
PidFile "$dir/pid"
Mutex "file:$dir"
ErrorLog "$dir/error.log"
$load${user}<IfModule cgid_module>
	ScriptSock "$dir/cgid.sock"
</IfModule>
<IfModule fcgid_module>
	FcgidIPCDir "$dir/fcgid"
	FcgidProcessTableFile "$dir/fcgid.shm"
</IfModule>
StartServers 1
LogLevel info
DocumentRoot "$o{dir}/www"
<Directory "/">
	Require all granted
</Directory>
$o{lines}
CONF
	my $front = start_server('apache2', "$dir/apache.conf", "$dir/error.log",
	    $text, cmd => [@{ $o{wrap} // [] }, 'apache2', '-f', "$dir/apache.conf",
	    '-DFOREGROUND'], env => $o{env});
	_wait_for_cgid($dir, $o{user}) if $o{user}
	    && grep { $_ eq 'cgid' } @{ $o{modules} // ['cgid'] };
	return { %$front, dir => $dir };
}

# mod_cgid's socket is root's until it is given to the user that connects.
sub _wait_for_cgid {
	my ($dir, $user) = @_;
	my $uid = getpwnam $user;
	wait_until(20, sub {
		opendir my $dh, $dir or return;
		return grep { (stat "$dir/$_")[4] == $uid }
		    grep { /^cgid\.sock/ } readdir $dh;
	}) or die "mod_cgid does not start: " . _slurp("$dir/error.log");
}

1;
