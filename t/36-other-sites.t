#!/usr/bin/perl
# doc/lighttpd-caddy.md: its commands are run as an operator of a Debian host
# would, with the files that "make install" has put there, and so are the
# changes that it tells to make for TLS.

use strict;
use warnings;
use Test::More;
use Strongroom;
use Strongroom::Host qw(own_host);
use Strongroom::Http qw(raw_http);
use Strongroom::Machine qw(install_to);
use Strongroom::Proc qw(run start stop running wait_until);
use Strongroom::Web qw(web_servers);

plan skip_all => 'this build is for other directories'
    if index(slurp(program('strongroom')), "\0/etc/strongroom/") < 0
    || slurp(program('apache/strongroom-cgid.conf')) !~ m{ "/usr/local/sbin/};
my $why = own_host('/etc', '/var', '/run', '/usr/local');
plan skip_all => $why if $why;
my %has = map { $_ => 1 } web_servers();
plan skip_all => 'there is neither lighttpd nor caddy' if !%has;

my $body = '{"name":"n","integration_type":"jira","auth_data":'
    . '{"access_token":"t"}}';
my $house = house(init => 0);
my $doc = slurp(source() . '/doc/lighttpd-caddy.md');

# A command line of root's.
sub operator {
	my ($text) = @_;
	my $said = run(cmd => ['/bin/sh', '-euc', $text], env => {
	    HOME => '/var', PATH => '/usr/local/sbin:/usr/sbin:/usr/bin:/sbin:/bin',
	    DEST => "$house->{dir}/dest", LC_ALL => 'C' });
	die "$text: $said->{out}$said->{err}" if $said->{exit} ne '0';
	return $said->{out};
}

is(install_to("$house->{dir}/dest"), '/usr/local', 'make install');
operator(<<'SH');
install -d /run/strongroom /usr/local/share /usr/local/sbin
cp -r "$DEST/usr/local/share/strongroom" /usr/local/share/
cp "$DEST/usr/local/sbin/strongroom" /usr/local/sbin/
install -d -m 0700 /etc/strongroom/keys /var/lib/strongroom
strongroom init
openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=strongroom \
    -keyout /etc/ssl/private/strongroom.key \
    -out /etc/ssl/private/strongroom.pem 2>&1
SH
@$house{qw(conf database master_key)} = ('/etc/strongroom/strongroom.conf',
    '/var/lib/strongroom/strongroom.db', '/etc/strongroom/keys/master.key');
spew($house->{conf}, "# nothing but defaults\n", 0644);
$house->worker(socket => '/run/strongroom/strongroom.sock',
    args => ['--socket-group', 'www-data']);

# A server of systemd's, as its unit starts it; there is no systemd here.
sub start_unit {
	my ($name) = @_;
	my $unit = slurp("/lib/systemd/system/$name.service");
	my ($command) = $unit =~ /^ExecStart=(.*)$/m or die "$name: no unit";
	my ($user) = $unit =~ /^User=(.*)$/m;
	my ($group) = $unit =~ /^Group=(.*)$/m;
	my @as = defined $user ? ('setpriv', "--reuid=$user",
	    "--regid=$group", '--init-groups',
	    $unit =~ /^AmbientCapabilities=CAP_NET_BIND_SERVICE/m
	    ? ('--inh-caps=+net_bind_service',
	    '--ambient-caps=+net_bind_service') : ()) : ();
	my $log = "$house->{dir}/log/$name";
	my $pid = start(cmd => [@as, split / /, $command], stdout => $log,
	    stderr => $log, env => { PATH => $ENV{PATH}, LC_ALL => 'C',
	    HOME => "/var/lib/$name" });
	return { pid => $pid, log => $log };
}

sub is_up {
	my ($front, $name, $port) = @_;
	$front->{port} = $port;
	my $up = wait_until(60, sub {
		!running($front->{pid}) || IO::Socket::INET->new(PeerAddr =>
		    '127.0.0.1', PeerPort => $port);
	});
	return ok($up && running($front->{pid}), "$name answers on $port")
	    || diag(slurp($front->{log}));
}

# The commands of a section in turn: root's behind "#", anybody's behind "$",
# with what they say.
sub follow {
	my ($title, $name) = @_;
	my ($text) = $doc =~ /^## \Q$title\E\n(.*?)^## /ms
	    or die "$title: no section";
	my @lines = map { /^    (.*)/ ? $1 : () } split /\n/, $text;
	my $front;
	while (defined(my $line = shift @lines)) {
		my ($who, $command) = $line =~ /^([#\$]) (.*)$/
		    or die "$title: $line is no command\n";
		my $says = '';
		$says .= shift(@lines) . "\n"
		    while @lines && $lines[0] !~ /^[#\$] /;
		if ($command eq "systemctl restart $name") {
			$front = start_unit($name);
			is_up($front, $name, 8080);
			next;
		}
		my $ran = run(cmd => ['/bin/sh', '-c', $command], env => {
		    PATH => $ENV{PATH}, LC_ALL => 'C', HOME => '/root' });
		is($ran->{exit}, 0, "$title: $who $command")
		    || diag("$ran->{out}$ran->{err}");
		is($ran->{out} =~ s/\n*\z/\n/r, $says, 'says what it should')
		    if length $says;
	}
	return $front // die "$title: starts nothing";
}

sub serves {
	my ($front, $name) = @_;
	my $got = $house->http(front => $front, body => $body);
	saved_ok($got, "$name saves");
	my $id = $got->{headers}{'x-request-id'};
	ok(wait_until(20, sub {
		slurp("/var/log/$name/strongroom.access.log") =~ /\Q$id\E/;
	}), "$name: its id is where the page says");
	is($house->http(front => $front, path => SAVE . '//',
	    body => $body)->{status}, 404, "$name: .../save// is none");
	my $large = with_auth('{"access_token":"' . 'x' x 900_000 . '"}');
	saved_ok($house->http(front => $front, body => $large),
	    "$name saves what is large");
	my $refused = $house->http(front => $front,
	    body => 'x' x 1_100_000);
	is($refused->{status}, 413, "$name: too large");
	is($refused->{body}, '{"detail":"Request body too large"}', 'in JSON');
}

sub by_tls {
	my ($name, $url, @options) = @_;
	my $said = run(cmd => ['curl', '-qsk', '--max-time', 20,
	    '--noproxy', '*', @options, $url], env => { PATH => $ENV{PATH} });
	is($said->{out}, '{"status":"ok"}', "$name: by TLS, @options")
	    || diag($said->{err});
}

# Remove the lines that the page says, and the "#" of others.
sub lighttpd_tls {
	my $file = '/etc/lighttpd/strongroom/strongroom.conf';
	my $text = slurp($file);
	$text =~ s/^server\.bind.*\nserver\.port.*\n(?=#server\.bind)//m
	    or die 'the two lines in front of #server.bind';
	my $n = $text =~ s{^(#server\.bind.*?^#ssl\.privkey.*?\n)}
	    {$1 =~ s/^#//gmr}mse;
	is($n, 1, 'the lines from there to #ssl.privkey');
	spew($file, $text);
	operator('lighttpd -tt -f /etc/lighttpd/lighttpd.conf');
	my $front = start_unit('lighttpd');
	is_up($front, 'lighttpd', 443);
	by_tls('lighttpd', 'https://127.0.0.1/healthz', "--http$_") for 1.1, 2;
	my $got = raw_http(443, "GET /healthz HTTP/1.1\r\nHost: l\r\n\r\n");
	isnt($got->{status}, 200, 'lighttpd: and not without');
	stop($front->{pid});
}

# No authority gives this machine a certificate, but Caddy's own does.
sub caddy_tls {
	my $file = '/etc/caddy/Caddyfile';
	my $text = slurp($file);
	$text =~ s/^http:\/\/:8080 \{/strongroom.example.org {\n\ttls internal/m
	    or die 'the line of the address';
	$text =~ s/^\tbind 127.*\n//m or die 'the line bind';
	spew($file, $text);
	operator('caddy validate --config /etc/caddy/Caddyfile 2>&1');
	my $front = start_unit('caddy');
	is_up($front, 'caddy', 443);
	my @at = ('--resolve', 'strongroom.example.org:443:127.0.0.1');
	# It makes the certificate when it has started.
	wait_until(20, sub {
		run(cmd => ['curl', '-qsk', '--noproxy', '*', @at,
		    'https://strongroom.example.org/'], env => {
		    PATH => $ENV{PATH} })->{exit} eq '0';
	});
	by_tls('caddy', 'https://strongroom.example.org/healthz', @at,
	    "--http$_") for 1.1, 2;
	stop($front->{pid});
}

for (['lighttpd', 'lighttpd', \&lighttpd_tls], ['Caddy', 'caddy', \&caddy_tls]) {
	my ($title, $name, $tls) = @$_;
	next if !$has{$name};
	my $front = follow($title, $name);
	serves($front, $name);
	stop($front->{pid});
	$tls->();
	my $logs = join '', map { slurp($_) } glob("/var/log/$name/*"),
	    "$house->{dir}/log/$name";
	is(index($logs, substr $house->key, 13), -1, "$name: no key in its logs");
}
is($house->admin('check')->{exit}, 0, 'every box opens');
finish();
