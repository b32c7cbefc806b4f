#!/usr/bin/perl
# The sites of nginx/ and apache/ as an operator of a Debian host installs
# them: at the paths and ports that they name, into the distribution's own
# configuration, with the choices that are commented out taken one by one.

use strict;
use warnings;
use Test::More;
use Strongroom;
use Strongroom::Host qw(own_host);
use Strongroom::Http qw(raw_http);
use Strongroom::Proc qw(run start stop running wait_until);
use Strongroom::Settings qw(page_answers);

plan skip_all => 'this build is for other directories'
    if index(slurp(program('strongroom')), "\0/etc/strongroom/") < 0
    || slurp(program('apache/strongroom-cgid.conf')) !~ m{ "/usr/local/sbin/};
my $why = own_host('/etc', '/var', '/run', '/usr/local');
plan skip_all => $why if $why;
plan skip_all => 'there is no nginx, apache2 or openssl' if grep { !-x } qw(
    /usr/sbin/nginx /usr/sbin/apache2 /usr/sbin/a2enmod /usr/bin/openssl);

my $SHARE = '/usr/local/share/strongroom';
my $body = '{"name":"n","integration_type":"jira","auth_data":'
    . '{"access_token":"t"}}';

# A command line of the operator's.
sub operator {
	my ($text) = @_;
	my $said = run(cmd => ['/bin/sh', '-euc', $text], env => {
	    PATH => '/usr/local/sbin:/usr/sbin:/usr/bin:/sbin:/bin',
	    SRC => source(), BUILD => program('.'), LC_ALL => 'C' });
	die "$text: $said->{err}" if $said->{exit} ne '0';
	return $said->{out};
}

operator(<<'SH');
install -d /usr/local/sbin /usr/local/share/strongroom/apache \
    /run/strongroom /var/log/nginx /var/log/apache2 /run/apache2 /run/lock
install -d -o www-data /run/apache2/socks
install "$BUILD/strongroom" "$BUILD/strongroom.fcgi" /usr/local/sbin
cp -r "$SRC/nginx" "$SRC/www" /usr/local/share/strongroom/
cp "$BUILD/nginx/strongroom-settings.conf" /usr/local/share/strongroom/nginx/
cp "$SRC"/apache/*.conf "$BUILD"/apache/*.conf \
    /usr/local/share/strongroom/apache/
openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=strongroom \
    -keyout /etc/ssl/private/strongroom.key \
    -out /etc/ssl/private/strongroom.pem 2>&1
rm -f /etc/nginx/sites-enabled/* /etc/apache2/sites-enabled/* \
    /etc/apache2/ports.conf /etc/nginx/conf.d/* /etc/apache2/conf-enabled/*
touch /etc/apache2/ports.conf
SH
my $house = house(init => 0);
@$house{qw(conf database master_key)} = ('/etc/strongroom/strongroom.conf',
    '/var/lib/strongroom/strongroom.db', '/etc/strongroom/keys/master.key');

sub make_state {
	my ($user) = @_;
	operator("rm -rf /etc/strongroom /var/lib/strongroom;"
	    . "install -d -m 0700 -o $user -g $user"
	    . ' /etc/strongroom/keys /var/lib/strongroom; strongroom init');
	spew($house->{conf}, "# nothing but defaults\n", 0644);
	$house->{keys} = {};
}

# Take a choice: the lines that begin so lose their "#".
sub uncomment {
	my ($file, $lines) = @_;
	my $text = slurp($file);
	my $n = $text =~ s/^(\s*)#(?=$lines)/$1/mg;
	cmp_ok($n, '>', 0, 'the choice is there');
	spew($file, $text);
}

sub up {
	my ($name, @cmd) = @_;
	my $log = "$house->{dir}/log/$name";
	my $pid = start(cmd => \@cmd, env => { PATH => $ENV{PATH},
	    LC_ALL => 'C' }, stdout => $log, stderr => $log);
	my $is_up = wait_until(60, sub {
		!running($pid) || IO::Socket::INET->new(PeerAddr =>
		    '127.0.0.1', PeerPort => 8080);
	});
	ok($is_up && running($pid), "$name starts") || diag(slurp($log));
	return { pid => $pid, port => 8080 };
}

sub up_nginx { up('nginx', 'nginx', '-g', 'daemon off;') }
sub up_apache {
	up('apache2', '/bin/sh', '-c',
	    '. /etc/apache2/envvars && exec apache2 -DFOREGROUND');
}

sub send_to { my $front = shift; $house->http(front => $front, @_) }

sub serves {
	my ($front, $name) = @_;
	answer_is(send_to($front, path => '/healthz', method => 'GET',
	    key => undef), 200, '{"status":"ok"}', "$name: /healthz");
	saved_ok(send_to($front, body => $body), "$name: saves");
}

sub by_tls {
	my ($name) = @_;
	my $said = run(cmd => ['curl', '-sk', '--max-time', 20,
	    'https://127.0.0.1/healthz']);
	is($said->{out}, '{"status":"ok"}', "$name: by TLS too");
}

# Each request can be found by the id that its client got: in the web server's
# log, and where the service has answered, in the service's.
sub logs_have_ids {
	my ($front, $file, $name) = @_;
	my %got = (200 => send_to($front, body => $body),
	    401 => send_to($front, key => undef),
	    413 => send_to($front, body => 'x' x 1_200_000),
	    400 => raw_http(8080, "GET / HTTP/1.1\r\n\r\n"));
	for my $status (sort keys %got) {
		is($got{$status}{status}, $status, "$name: a $status");
		my $id = $got{$status}{headers}{'x-request-id'};
		my $asked = $status == 400 ? 'GET /' : 'POST ' . SAVE;
		my $line = qr/ 127\.0\.0\.1 \Q$asked\E $status \S+ \Q$id\E$/m;
		ok(wait_until(20, sub { slurp($file) =~ $line }),
		    "its id is in $file") || diag(slurp($file));
	}
	my $id = $got{401}{headers}{'x-request-id'};
	ok($house->log_says(qr/id=\Q$id\E .*address=127\.0\.0\.1 reason=missing/),
	    "$name: the service's log has the client of a 401");
}

# The settings page, from where it was installed.
sub has_page {
	my ($name) = @_;
	page_answers(sub {
		my ($method, $path, @headers) = @_;
		my $text = "$method $path HTTP/1.1\r\nHost: l\r\n"
		    . "Connection: close\r\n";
		while (my ($header, $value) = splice @headers, 0, 2) {
			$text .= "$header: $value\r\n";
		}
		return raw_http(8080, "$text\r\n");
	}, $name, '/settings/');
}

# Plain HTTP where TLS is spoken.
sub no_tls {
	my ($name) = @_;
	my $got = raw_http(443, "GET /healthz HTTP/1.1\r\nHost: l\r\n"
	    . "Connection: close\r\n\r\n");
	answer_is($got, 400, '{"detail":"Bad Request"}', "$name: no TLS");
}

sub cors {
	my ($front, $name) = @_;
	my $got = raw_http(8080, 'OPTIONS ' . SAVE . " HTTP/1.1\r\nHost: l\r\n"
	    . "Connection: close\r\nOrigin: https://app.example.org\r\n"
	    . "Access-Control-Request-Method: POST\r\n\r\n");
	my $h = $got->{headers};
	is($got->{status}, 204, "$name: CORS: the question before");
	is($h->{'access-control-allow-origin'}, 'https://app.example.org',
	    'allows the origin');
	like($h->{'access-control-allow-headers'} // '', qr/\bx-api-key\b/,
	    'and the key');
	is($h->{'access-control-allow-methods'}, 'GET, POST, PATCH, DELETE',
	    'and the methods');
	for my $key ($house->key, undef) {
		$got = send_to($front, body => $body, key => $key);
		is($got->{status}, $key ? 200 : 401, "$name: CORS: the save");
		is($got->{headers}{'access-control-allow-origin'},
		    'https://app.example.org', 'may be read there');
	}
}

sub logs_have_no_key {
	my (@files) = @_;
	for my $file (@files) {
		my $text = slurp($file);
		is(index($text, substr $house->key, 13), -1,
		    "$file has no key");
		like($text, qr{POST /api/v2/integrations/save 200},
		    'but the request') if $file =~ /access/;
		unlike($text, qr/secret-query/, 'and no query');
	}
}

# -- nginx

make_state('root');
$house->worker(socket => '/run/strongroom/strongroom.sock',
    args => ['--socket-group', 'www-data']);
operator(<<'SH');
cd /usr/local/share/strongroom/nginx
cp strongroom-locations.conf strongroom-settings.conf /etc/nginx/snippets/
cp strongroom.conf /etc/nginx/sites-available/
ln -s ../sites-available/strongroom.conf /etc/nginx/sites-enabled/
nginx -t
SH
my $front = up_nginx();
serves($front, 'nginx');
has_page('nginx');
logs_have_ids($front, '/var/log/nginx/strongroom.access.log', 'nginx');
send_to($front, body => $body, query => 'a=secret-query');
raw_http(8080, "@{[$house->key]} /x HTTP/1.1\r\nHost: l\r\n\r\n");
raw_http(8080, 'POST ' . SAVE . " HTTP/1.1\r\nHost: l\r\nConnection: close\r\n"
    . "x_api_key: @{[$house->key]}\r\nx-api-key @{[$house->key]}\r\n\r\n");
my %guess;
for (1 .. 2000) {
	last if $guess{'429 application/json'};
	my $got = send_to($front, path => '/api/v2/integrations/x/verify',
	    body => '{"access_token":"t"}');
	$guess{"$got->{status} $got->{headers}{'content-type'}"}++;
}
is(join(', ', sort keys %guess), '403 application/json, 429 application/json',
    'nginx: who guesses at tokens gets 429 in the end');
cmp_ok($guess{'403 application/json'}, '>', 30, 'not at once');
saved_ok(send_to($front, body => $body), 'and saves all the same');
stop($front->{pid});
logs_have_no_key(map { "/var/log/nginx/strongroom.$_.log" } qw(access error));

my $site = '/etc/nginx/sites-available/strongroom.conf';
uncomment($site, qr/listen|ssl_/);
uncomment($site, qr/set \$strongroom_origin/);
$front = up_nginx();
by_tls('nginx');
no_tls('nginx');
cors($front, 'nginx');
stop($front->{pid});

uncomment($site, qr/limit_req/);
$front = up_nginx();
my %seen;
for (1 .. 2000) {
	last if $seen{'429 application/json'};
	my $got = send_to($front, path => '/healthz', method => 'GET',
	    key => undef);
	$seen{"$got->{status} $got->{headers}{'content-type'}"}++;
}
is(join(', ', sort keys %seen), '200 application/json, 429 application/json',
    'a client that asks too often gets 429');
stop($front->{pid});

# -- Apache

operator(<<'SH');
cp -r /usr/local/share/strongroom/apache /etc/apache2/strongroom
ln -s ../strongroom/strongroom.conf /etc/apache2/sites-enabled/
a2enmod headers unique_id reqtimeout proxy_fcgi
apache2ctl configtest
SH
$front = up_apache();
serves($front, 'mod_proxy_fcgi');
has_page('mod_proxy_fcgi');
logs_have_ids($front, '/var/log/apache2/strongroom.access.log', 'Apache');
send_to($front, body => $body, query => 'a=secret-query');
raw_http(8080, 'POST ' . SAVE . " HTTP/1.1\r\nHost: l\r\nConnection: close\r\n"
    . "x-api-key @{[$house->key]}\r\n\r\n");
stop($front->{pid});
logs_have_no_key(map { "/var/log/apache2/strongroom.$_.log" }
    qw(access error));

$site = '/etc/apache2/strongroom/strongroom.conf';
uncomment($site, qr/Header|Rewrite/);
operator('a2enmod rewrite');
$front = up_apache();
cors($front, 'Apache');
stop($front->{pid});

my $text = slurp($site);
$text =~ s/^Listen .*/Listen 443\nListen 127.0.0.1:8080/m;
spew($site, $text);
uncomment($site, qr/<VirtualHost|SSL/);
$text = slurp($site);
$text =~ s/^<VirtualHost 127.*\n//m;
spew($site, $text);
operator('a2enmod ssl');
$front = up_apache();
by_tls('Apache');
no_tls('Apache');
stop($front->{pid});

# The other two ways: the worker is Apache's own, and so are its files.
is($house->stop_worker->{exit}, 0, 'the service ends');
make_state('www-data');
operator('cp /usr/local/share/strongroom/apache/strongroom.conf '
    . '/etc/apache2/strongroom/');
for my $way (qw(fcgid cgid)) {
	operator("sed -i 's/^\\(\\t\\)Include/\\1#Include/; "
	    . "s/#\\(Include.*-\\($way\\|common\\|settings\\)\\)/\\1/' $site;"
	    . "a2enmod $way");
	$front = up_apache();
	serves($front, $way);
	has_page($way);
	stop($front->{pid});
}
is($house->admin('check')->{exit}, 0, 'every box opens');
finish();
