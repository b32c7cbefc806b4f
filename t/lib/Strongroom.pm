package Strongroom;

# A test house: one directory with a configuration, a master key, a database
# and API keys, the programs that work on it, and three doors to knock at
# (http through nginx, fcgi at the worker's socket, cgi from the environment).
# Every door takes the same request and gives the same answer.

use strict;
use warnings;
use Cwd qw(abs_path);
use Exporter 'import';
use File::Basename qw(dirname);
use Fcntl qw(LOCK_EX);
use File::Copy qw(copy);
use File::Temp ();
use IO::Socket::INET;
use IO::Socket::UNIX;
use Socket qw(SOCK_STREAM);
use Test::More;
use Strongroom::Answer;
use Strongroom::FastCGI qw(fcgi_request parse_cgi);
use Strongroom::Http qw(http_request);
use Strongroom::Json qw(decode encode);
use Strongroom::OpenApi qw(openapi_note openapi_faults);
use Strongroom::Postgres qw(pg_database pg_hold pg_psql);
use Strongroom::Proc qw(start run stop running wait_until at_end watch_log
    sanitizer_reports);

# What the tests make is not for others to write to, whoever runs them.
umask 022;

our @EXPORT = (@Strongroom::Answer::EXPORT, qw(house finish slurp spew program
    source slow free_port web_group));

my $SRC = abs_path($ENV{SR_SRC} // dirname(abs_path(__FILE__)) . '/../..');
my $BUILD = abs_path($ENV{SR_BUILD} // "$SRC/build");
my $USER = 'user_abc123';
my @houses;

sub source { $SRC }
sub program { "$BUILD/$_[0]" }

sub slurp {
	my ($file) = @_;
	open my $fh, '<:raw', $file or die "$file: $!";
	local $/;
	return readline($fh) // '';
}

sub spew {
	my ($file, $bytes, $mode) = @_;
	open my $fh, '>:raw', $file or die "$file: $!";
	chmod $mode, $fh if defined $mode;
	print {$fh} $bytes;
	close $fh or die "$file: $!";
	return $file;
}

# So that the web server may connect.
sub web_group { $> == 0 ? ('--socket-group', 'www-data') : () }

# How much longer everything takes with the build under test.
my $slow;
sub slow {
	return $slow //= slurp(program('strongroom.fcgi'))
	    =~ /__[at]san_init/ ? 4 : 1;
}

sub free_port {
	my $sock = IO::Socket::INET->new(Listen => 1,
	    LocalAddr => '127.0.0.1', LocalPort => 0) or die "bind: $!";
	return $sock->sockport;
}

# The environment of every program: nothing of ours, no STRONGROOM_*.
sub clean_env {
	my (%more) = @_;
	my %env = (PATH => '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin'
	    . ':/sbin:/bin', LC_ALL => 'C');
	for my $name (keys %ENV) {
		$env{$name} = $ENV{$name}
		    if $name =~ /^(?:\w+SAN_OPTIONS|TMPDIR|HOME|LD_\w+|GCOV_\w+)$/;
	}
	return { %env, %more };
}

# house(name => subdirectory, conf => {key => value}, init => 0, web =>
# 'socket': the web server may reach it, 'files': its programs own what is in it)
sub house {
	my (%o) = @_;
	my $top = File::Temp::tempdir('srXXXXXX', TMPDIR => 1,
	    CLEANUP => !$ENV{SR_KEEP});
	diag("kept: $top") if $ENV{SR_KEEP};
	my $dir = abs_path($top) . '/' . ($o{name} // 'h');
	mkdir $_ or die "$_: $!" for $dir, "$dir/www", "$dir/log";
	my $self = bless {
		top => $top, dir => $dir, conf => "$dir/strongroom.conf",
		database => "$dir/data/strongroom.db",
		master_key => "$dir/keys/master.key",
		keys => {}, workers => [], fronts => [], count => 0,
	}, __PACKAGE__;
	push @houses, $self;
	($self->{database}, @{$self->{server}}) = pg_database()
	    if ($o{store} // $ENV{SR_STORE} // '') eq 'postgresql';
	$self->write_conf(%{ $o{conf} // {} });
	$self->_give_to_web($o{web}) if $o{web};
	$self->admin_ok('init') if $o{init} // 1;
	return $self;
}

# Web servers started by root go on as this user; others as they are.
my $WEB_USER = $> == 0 ? 'www-data' : undef;

sub _give_to_web {
	my ($self, $what) = @_;
	$self->{program} = "$self->{dir}/bin/strongroom.fcgi";
	mkdir "$self->{dir}/$_", 0755 or die "$_: $!" for qw(bin data keys);
	copy(program('strongroom.fcgi'), $self->{program})
	    or die "$self->{program}: $!";
	chmod 0755, @$self{qw(top dir program)}, "$self->{dir}/www";
	return if !$WEB_USER || $what ne 'files';
	my ($uid, $gid) = (getpwnam $WEB_USER)[2, 3];
	for my $made (qw(data keys)) {
		chmod 0700, "$self->{dir}/$made";
		chown $uid, $gid, "$self->{dir}/$made" or die "$made: $!";
	}
}

sub write_conf {
	my ($self, %override) = @_;
	my %value = (database => $self->{database},
	    master_key_file => $self->{master_key}, log_level => 'debug',
	    busy_timeout_ms => 2000 * slow(), %override);
	my $text = '';
	for my $key (sort keys %value) {
		next if !defined $value{$key};
		my $is = $value{$key};
		$is = '"' . $is =~ s/(["\\])/\\$1/gr . '"' if $is !~ /^-?\d+$/;
		$text .= "$key = $is\n";
	}
	$self->{settings} = \%value;
	return spew($override{file} // $self->{conf}, $text);
}

# -- the command line

# $house->{operator}: the words that are the command, where it is not that of
# whoever runs the test.
sub admin {
	my ($self, @args) = @_;
	my %o = ref $args[-1] ? %{ pop @args } : ();
	return run(cmd => [@{ $self->{operator} // [program('strongroom')] },
	    $o{bare} ? () : ('--config', $self->{conf}), @args],
	    env => clean_env(%{ $o{env} // {} }), stdin => $o{stdin});
}

sub admin_ok {
	my ($self, @args) = @_;
	my $done = $self->admin(@args);
	die "strongroom @{[grep { !ref } @args]}: exit $done->{exit}: "
	    . "$done->{err}" if $done->{exit} ne '0';
	return $done->{out};
}

# An API key of the user, made when first asked for.
sub key {
	my ($self, $user) = @_;
	$user //= $USER;
	return $self->{keys}{$user} //= do {
		my $out = $self->admin_ok('key', 'create', '--user', $user);
		chomp $out;
		$out;
	};
}

sub user { $USER }
sub public_id { (split /_/, $_[1])[1] }
sub integrations { decode($_[0]->admin_ok('integration', 'list', '--json')) }
sub reveal { $_[0]->admin_ok('integration', 'reveal', $_[1]) }

sub show {
	decode($_[0]->admin_ok('integration', 'show', $_[1], '--json'));
}

# Rows of the database as it is on disk, never writing to it.
sub rows {
	my ($self, $sql) = @_;
	return @{ decode(pg_psql(@{ $self->{server} }, "SELECT coalesce("
	    . "json_agg(r), '[]') FROM ($sql) AS r")) } if $self->{server};
	my $got = run(cmd => ['sqlite3', '-readonly', '-json',
	    '-cmd', '.timeout 20000', $self->{database}, $sql],
	    env => clean_env());
	die "sqlite3: $got->{err}" if $got->{exit} ne '0';
	return $got->{out} =~ /\S/ ? @{ decode($got->{out}) } : ();
}

# Change the database behind the service's back.
sub tamper {
	my ($self, $sql) = @_;
	return pg_psql(@{ $self->{server} }, $sql) if $self->{server};
	my $got = run(cmd => ['sqlite3', '-batch', '-cmd',
	    '.timeout 20000', $self->{database}, $sql], env => clean_env());
	die "sqlite3: $got->{err}" if $got->{exit} ne '0';
	return $got->{out};
}

# Let somebody else hold the lock of all who change something; and let it go,
# which is seen when it is free.
sub hold_lock {
	my ($self) = @_;
	if ($self->{server}) {
		$self->{holder} = pg_hold(@{ $self->{server} });
		return;
	}
	open $self->{holder}, '>>', "$self->{database}.lock"
	    or die "lock: $!";
	flock $self->{holder}, LOCK_EX or die "flock: $!";
	return;
}

sub give_lock {
	my ($self) = @_;
	my $holder = delete $self->{holder};
	if (!$self->{server}) {
		close $holder;
		return;
	}
	stop($holder);
	wait_until(60, sub { pg_psql(@{ $self->{server} }, 'SELECT count(*) '
	    . "FROM pg_locks WHERE locktype = 'advisory'") == 0 })
	    or die 'the lock is not given back';
	return;
}

# -- workers

# worker(via => socket | spawn-fcgi | inherit, listen => handle, ready => 0,
# args => [...], env => {...}, fds => limit, before => [words of a command],
# stderr => handle, in place of the log)
sub worker {
	my ($self, %o) = @_;
	my $n = ++$self->{count};
	my $via = $o{via} // 'socket';
	my $sock = $o{socket} // "$self->{dir}/$n.sock";
	my $log = "$self->{dir}/log/worker-$n.log";
	my @cmd = (program('strongroom.fcgi'), '--config', $self->{conf},
	    @{ $o{args} // [] });
	if ($via eq 'socket') {
		push @cmd, '--socket', $sock;
	} elsif ($via eq 'spawn-fcgi') {
		unshift @cmd, 'spawn-fcgi', '-n', '-s', $sock, '-M', '0660',
		    '-b', '4096', '--';
	}
	unshift @cmd, @{ $o{before} // [] };
	watch_log($log);
	my $pid = start(cmd => \@cmd, env => clean_env(%{ $o{env} // {} }),
	    stdin => $o{listen}, stdout => $log, stderr => $o{stderr} // $log,
	    fds => $o{fds}, name => "worker $n");
	my $worker = { pid => $pid, log => $log, socket => $sock,
	    is_logging => !$o{stderr} && !!($self->{settings}{log_level}
	    =~ /\A(?:debug|info)\z/) };
	push @{ $self->{workers} }, $worker;
	$self->{worker} = $worker;
	$self->ready($worker) if $o{ready} // 1;
	return $worker;
}

# A listening socket that outlives the workers which inherit it.
sub listener {
	my ($self, $name) = @_;
	my $path = "$self->{dir}/$name.sock";
	my $sock = IO::Socket::UNIX->new(Type => SOCK_STREAM, Listen => 4096,
	    Local => $path) or die "$path: $!";
	return ($sock, $path);
}

sub ready {
	my ($self, $worker) = @_;
	wait_until(60, sub {
		die "worker ended: " . slurp($worker->{log})
		    if !running($worker->{pid});
		my $said = $self->fcgi(method => 'GET', path => '/healthz',
		    key => undef, type => undef, socket => $worker->{socket});
		# Another may answer at the same socket.
		return $said->{status} != 599 && (!$worker->{is_logging}
		    || slurp($worker->{log}) =~ / serves, \d+ connections/);
	}) or die "worker does not answer: " . slurp($worker->{log});
}

sub stop_worker {
	my ($self, $worker) = @_;
	$worker //= $self->{worker};
	$worker->{stopped} = 1;
	return stop($worker->{pid}, seconds => 60);
}

# Whether the log says so; it may be a moment behind an answer.
sub log_says {
	my ($self, $pattern, $worker) = @_;
	$worker //= $self->{worker};
	return wait_until(20 * slow(), sub {
		slurp($worker->{log}) =~ $pattern;
	});
}

sub log_lines { split /\n/, slurp(($_[1] // $_[0]{worker})->{log}) }

# -- fronts

sub nginx {
	my ($self, %o) = @_;
	my $front = Strongroom::Http::nginx(%o, dir => $self->{dir},
	    source => $SRC, env => clean_env(),
	    socket => $o{socket} // $self->{worker}{socket});
	push @{ $self->{fronts} }, $front;
	return $self->{nginx} = $front;
}

sub apache {
	my ($self, %o) = @_;
	watch_log("$self->{dir}/apache/error.log");
	my $front = Strongroom::Http::apache(%o, dir => $self->{dir},
	    env => clean_env());
	push @{ $self->{fronts} }, $front;
	return $self->{apache} = $front;
}

# Apache in front of a house for the web, with the file of one way (proxy-fcgi,
# fcgid, cgid) as it is installed. apache_way('fcgid', lines => directives, before => others)
my %WAY_MODULES = ('proxy-fcgi' => ['proxy', 'proxy_fcgi'],
    fcgid => ['fcgid'], cgid => ['cgid']);

sub apache_way {
	my ($self, $way, %o) = @_;
	my $root = $way eq 'proxy-fcgi' ? $SRC : $BUILD;
	my @env = (STRONGROOM_DATABASE => $self->{database},
	    STRONGROOM_MASTER_KEY_FILE => $self->{master_key},
	    STRONGROOM_BUSY_TIMEOUT_MS => 2000 * slow());
	my $lines = $way eq 'proxy-fcgi'
	    ? qq(Define STRONGROOM_SOCKET "$self->{worker}{socket}"\n)
	    : qq(Define STRONGROOM_PROGRAM "$self->{program}"\n);
	while (my ($name, $value) = splice @env, 0, 2) {
		$lines .= "FcgidInitialEnv $name \"$value\"\n"
		    if $way eq 'fcgid';
		$lines .= "SetEnv $name \"$value\"\n" if $way eq 'cgid';
	}
	return $self->apache(%o, user => $WEB_USER,
	    modules => [qw(headers unique_id reqtimeout),
	    @{ $WAY_MODULES{$way} }, @{ $o{modules} // [] }],
	    lines => $lines . ($o{before} // '') . qq(Include "$SRC/apache/strongroom-common.conf"\n)
	    . qq(Include "$root/apache/strongroom-$way.conf"\n)
	    . ($o{lines} // ''));
}

# -- doors

# method, path, query, key (undef: none), type (undef: none), body or json,
# length (undef: none), headers => [name => value, ...]
sub _request {
	my ($self, %o) = @_;
	my %r = (method => 'POST', path => SAVE, body => '',
	    type => 'application/json', query => '', headers => [], %o);
	$r{key} = $self->key if !exists $o{key};
	$r{body} = encode($o{json}) if exists $o{json};
	unshift @{ $r{headers} = [@{ $r{headers} }] }, 'x-api-key', $r{key}
	    if defined $r{key};
	return \%r;
}

sub _cgi_params {
	my ($self, $r) = @_;
	my @params = (GATEWAY_INTERFACE => 'CGI/1.1',
	    SERVER_PROTOCOL => 'HTTP/1.1', SERVER_NAME => 'localhost',
	    SERVER_PORT => '80', REMOTE_ADDR => '127.0.0.1',
	    REQUEST_METHOD => $r->{method}, QUERY_STRING => $r->{query},
	    SCRIPT_NAME => $r->{path}, PATH_INFO => '',
	    REQUEST_URI => $r->{path}
	    . (length $r->{query} ? "?$r->{query}" : ''),
	    DOCUMENT_ROOT => "$self->{dir}/www");
	push @params, CONTENT_TYPE => $r->{type} if defined $r->{type};
	my $length = exists $r->{length} ? $r->{length} : length $r->{body};
	push @params, CONTENT_LENGTH => $length if defined $length;
	my @headers = @{ $r->{headers} };
	while (my ($name, $value) = splice @headers, 0, 2) {
		push @params, 'HTTP_' . uc($name) =~ tr/-/_/r, $value;
	}
	my %replace = %{ $r->{params} // {} };
	my @out;
	while (my ($name, $value) = splice @params, 0, 2) {
		push @out, $name, $value if !exists $replace{$name};
	}
	defined $replace{$_} and push @out, $_, $replace{$_}
	    for sort keys %replace;
	return @out;
}

sub fcgi_params_of { $_[0]->_cgi_params(shift->_request(@_)) }

sub fcgi {
	my ($self, %o) = @_;
	my $r = $self->_request(%o);
	my $answer = fcgi_request($o{socket} // $self->{worker}{socket},
	    params => [$self->_cgi_params($r)], body => $r->{body},
	    sock => $o{sock}, keep => $o{keep}, seconds => $o{seconds});
	openapi_note(source(), $r, $answer);
	return $answer;
}

# What the kernel makes of a script whose first line is
# "#!/…/strongroom.fcgi --config=…".
sub cgi {
	my ($self, %o) = @_;
	my $r = $self->_request(%o);
	my %env = $self->_cgi_params($r);
	my $args = $o{args}
	    // ["--config=$self->{conf}", "$self->{dir}/www/save.cgi"];
	my $ran = run(cmd => [@{ $o{before} // [] },
	    program('strongroom.fcgi'), @$args],
	    env => clean_env(%env, %{ $o{env} // {} }), stdin => $r->{body});
	my $answer = parse_cgi($ran->{out});
	openapi_note(source(), $r, $answer);
	return { %$answer, exit => $ran->{exit}, err => $ran->{err},
	    out => $ran->{out} };
}

sub http {
	my ($self, %o) = @_;
	my $r = $self->_request(%o);
	my $answer = http_request(($o{front} // $self->{nginx})->{port}, $r);
	openapi_note(source(), $r, $answer);
	return $answer;
}

# -- the end

# Stop all, check that nothing was wrong on the way, end the plan.
sub finish {
	for my $house (@houses) {
		stop($_->{pid}) for @{ $house->{fronts} };
		for my $worker (@{ $house->{workers} }) {
			next if $worker->{stopped};
			my $end = $house->stop_worker($worker);
			is($end->{exit}, 0, 'a worker ends in order')
			    || diag(slurp($worker->{log}) =~ s/.*(?=.{4000}\z)//sr);
		}
	}
	my @faults = grep { defined } openapi_faults(source());
	ok(!@faults, 'every answer is one of the published document')
	    || diag(join "\n", splice @faults, 0, 20);
	my @reports = sanitizer_reports();
	ok(!@reports, 'no sanitizer has anything to report')
	    || diag(join "\n", @reports);
	done_testing();
}

1;
