#!/usr/bin/perl
# An account on a shared host: the files of hosting/, at the paths that they
# name, under mod_fcgid and mod_cgid, with suEXEC where there is one.

use strict;
use warnings;
use Test::More;
use Strongroom;
use Strongroom::Cases qw(run_cases);
use Strongroom::FastCGI qw(parse_cgi);
use Strongroom::Host qw(own_host add_user);
use Strongroom::Http qw(raw_http);
use Strongroom::Life qw(life_passes metrics_are_local);
use Strongroom::Proc qw(run stop wait_until);
use Strongroom::Settings qw(page_answers);

my $why = own_host('/etc', '/home', '/var', '/run');
plan skip_all => $why if $why;
plan skip_all => 'there is no apache2' if !-x '/usr/sbin/apache2';

my $HOME = '/home/ACCOUNT';
my $WEB = "$HOME/public_html/strongroom";
my $body = '{"name":"n","integration_type":"jira","auth_data":'
    . '{"access_token":"t"}}';
my $has_suexec = -x '/usr/lib/apache2/suexec';
my $house = house(init => 0);
my $top = $house->{top};
chmod 0755, $top, $house->{dir};
@$house{qw(conf database)} = ("$HOME/strongroom/strongroom.conf",
    "$HOME/strongroom/data/strongroom.db");
# Root takes no configuration of an account's.
$house->{operator} = [qw(setpriv --reuid 7001 --regid 7001 --clear-groups),
    "$HOME/strongroom/bin/strongroom"];
add_user('account', 7001, $HOME);
mkdir "$HOME/public_html" or die $!;
chown 7001, 7001, "$HOME/public_html";
# What a host with suEXEC has done for its accounts.
if ($has_suexec) {
	mkdir '/var/log/apache2';
	spew('/etc/apache2/suexec/www-data', "/home\npublic_html\n");
}

# A command line of the account's, on the host.
sub on_host {
	my ($text, %o) = @_;
	return run(cmd => ['setpriv', '--reuid', 7001, '--regid', 7001,
	    '--clear-groups', '/bin/sh', '-euc', "cd\n$text"], env => {
	    HOME => $HOME, PATH => $ENV{PATH}, LC_ALL => 'C' }, %o);
}

sub pack_into {
	my ($target, @options) = @_;
	my $said = run(cmd => [source() . '/hosting/pack', @options, $HOME,
	    program('.'), "$top/$target"], env => { PATH => $ENV{PATH},
	    map { $_ => $ENV{$_} } grep { /SAN_OPTIONS/ } keys %ENV });
	is($said->{exit}, 0, "pack @options") || diag($said->{err});
	chmod 0755, "$top/$target";
	return $said;
}

# tar -C TARGET -c strongroom public_html/strongroom | ssh ... tar -x
sub bring {
	my ($target) = @_;
	on_host('rm -rf strongroom public_html/strongroom');
	my $tar = run(cmd => ['tar', '-C', "$top/$target", '-c', 'strongroom',
	    'public_html/strongroom']);
	is(on_host('tar -x', stdin => $tar->{out})->{exit}, 0,
	    "$target is brought to the host");
	$house->{keys} = {};
}

# What the host puts there to get a certificate.
sub make_challenge {
	my $said = on_host('cd public_html/strongroom;'
	    . 'mkdir -p .well-known/acme-challenge; cd .well-known/*;'
	    . 'printf proof >token; touch closed; chmod 0 closed');
	is($said->{exit}, 0, 'files for a certificate') || diag($said->{err});
}

sub make_state {
	my $said = on_host(<<'SH');
strongroom/bin/strongroom --config strongroom/strongroom.conf init
strongroom/bin/strongroom --config strongroom/strongroom.conf \
    key create --user user_abc123
SH
	is($said->{exit}, 0, 'the account makes key file and database')
	    || diag($said->{err});
	chomp($house->{keys}{ $house->user } = $said->{out});
}

# A request that says the whole URL, as a proxy is asked.
sub by_url {
	my ($front, $path) = @_;
	return raw_http($front->{port}, "POST http://localhost/strongroom$path "
	    . "HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n"
	    . 'x-api-key: ' . $house->key . "\r\nContent-Length: "
	    . length($body) . "\r\n\r\n$body");
}

# What a host has for its accounts beside CGI.
my @extras = qw(rewrite headers unique_id dir);

sub host {
	my ($way, $override, $lines) = @_;
	return $house->apache(user => $has_suexec ? 'www-data' : 'account',
	    modules => [@extras, $way,
	    $has_suexec ? 'suexec' : ()], lines => <<"CONF" . ($lines // ''));
DocumentRoot "$HOME/public_html"
<IfModule suexec_module>
	SuexecUserGroup account account
</IfModule>
<Directory "$HOME/public_html">
	AllowOverride $override
</Directory>
CONF
}

sub door {
	my ($front, %o) = @_;
	my $path = delete $o{path} // SAVE;
	return $house->http(front => $front, path => "/strongroom$path", %o);
}

# What a browser asks for the settings page.
sub page {
	my ($front, $method, $path, @headers) = @_;
	my $text = "$method $path HTTP/1.1\r\nHost: localhost\r\n"
	    . "Connection: close\r\n";
	while (my ($name, $value) = splice @headers, 0, 2) {
		$text .= "$name: $value\r\n";
	}
	return raw_http($front->{port}, "$text\r\n");
}

sub page_is {
	my ($front, $status, $name) = @_;
	is(page($front, 'GET', "/strongroom/settings/$_")->{status}, $status,
	    "$name: /settings/$_") for '', 'app.js';
}

# The log since the last time it was looked at.
my $seen = 0;
sub new_log {
	my ($front) = @_;
	my $text = slurp("$front->{dir}/error.log");
	my $new = substr $text, $seen;
	$seen = length $text;
	return $new;
}

# mod_fcgid starts what it needs, and tries for a while when that ends at once.
sub start_is_refused {
	my ($front) = @_;
	on_host('chmod 644 strongroom/data/master.key;'
	    . 'cp -p public_html/strongroom/strongroom.fcgi x;'
	    . 'mv x public_html/strongroom/strongroom.fcgi');
	my $got = door($front, body => $body);
	like($got->{status}, qr/\A50[03]\z/, 'fcgid: a key file that others '
	    . 'may read');
	is($got->{headers}{'content-type'}, 'application/json', 'in JSON');
	like(new_log($front), qr/master\.key refused: .*chmod it to 0600/,
	    'and the log says why');
	on_host('chmod 600 strongroom/data/master.key');
	saved_ok(door($front, body => $body), 'chmod 600 is the cure');
}

pack_into('target');
for my $way (qw(fcgid cgid)) {
	bring('target');
	make_state();
	make_challenge();
	my $front = host($way, 'All');
	my $saved = run_cases($house, sub { door($front, @_) }, "$way: ");
	is(scalar @{ $house->integrations }, $saved,
	    "$way: there is a row for each 200 and for nothing else");
	is($house->admin('check')->{exit}, 0, "$way: every box opens");
	my $root = run(cmd => [program('strongroom'), '--config',
	    $house->{conf}, 'check'], env => { LC_ALL => 'C' });
	is($root->{exit}, 78, "$way: root takes no configuration of others");
	like($root->{err}, qr/belongs to user 7001; .* run this as that user/,
	    "$way: and says as whom it is taken");
	answer_is(door($front, path => '/healthz', method => 'GET',
	    key => undef), 200, '{"status":"ok"}', "$way: /healthz");
	life_passes($house, sub { door($front, @_) }, $way);
	metrics_are_local($house, $front, $way, under => '/strongroom',
	    no_bearer => 1, also => ['/strongroom.fcgi/metrics']);
	answer_is(door($front, path => '/healthz', method => 'HEAD',
	    key => undef), 200, '', "$way: HEAD /healthz");
	is(door($front, method => 'GET', key => undef)->{headers}{allow},
	    'POST', "$way: 405 has its Allow");
	is(door($front, body => $body, headers => ['Content-Encoding' =>
	    'gzip'])->{headers}{'accept-encoding'}, 'identity',
	    "$way: 415 says what is taken");
	for my $path ('/', '/.htaccess', '/strongroom.fcgi',
	    '/strongroom.fcgi/', '/x') {
		my $got = door($front, path => $path, method => 'GET');
		like($got->{status}, qr/\A40[34]\z/, "$way: $path is refused");
		is($got->{headers}{'content-type'}, 'application/json',
		    "$way: in JSON");
		unlike($got->{body}, qr/ACCOUNT/, "$way: and tells nothing");
	}
	my $not_found = '{"detail":"Not Found"}';
	my $rows = @{ $house->integrations };
	for my $path (SAVE . '//', SAVE . '///', '/api//v2/integrations/save',
	    '//' . substr(SAVE, 1), '/strongroom.fcgi' . SAVE . '//',
	    SAVE . '//?a=b') {
		answer_is(door($front, path => $path, body => $body), 404,
		    $not_found, "$way: $path is not found");
	}
	answer_is(by_url($front, SAVE . '//'), 404, $not_found,
	    "$way: nor is it as a whole URL");
	is(scalar @{ $house->integrations }, $rows, "$way: nothing is saved");
	saved_ok(by_url($front, SAVE), "$way: a whole URL has its own two");
	saved_ok(door($front, path => SAVE, query => 'u=http://a//b',
	    body => $body), "$way: and so may a query");

	# What the host itself serves, for a certificate.
	my $challenge = door($front, path => '/.well-known/acme-challenge/token',
	    method => 'GET', key => undef);
	is($challenge->{status}, 200, "$way: a certificate's challenge");
	is($challenge->{body}, 'proof', "$way: is a file");
	isnt($challenge->{headers}{'content-type'} // '', 'application/json',
	    "$way: and no JSON");
	for my $case ([403, 'closed'], [404, 'none']) {
		my ($status, $name) = @$case;
		my $got = door($front, method => 'GET', key => undef,
		    path => "/.well-known/acme-challenge/$name");
		answer_is($got, $status, $status == 403
		    ? '{"detail":"Forbidden"}' : $not_found,
		    "$way: the host's own $status");
	}
	my $large = '{"name":"n","integration_type":"jira","auth_data":'
	    . '{"access_token":"' . 'x' x 900_000 . '"}}';
	my $answer = door($front, body => $large);
	if ($way eq 'cgid') {
		saved_ok($answer, 'cgid: a large body');
	} else {
		is($answer->{status}, 500, 'mod_fcgid refuses what is longer '
		    . 'than its FcgidMaxRequestLen');
		is($answer->{body}, '{"detail":"Internal Server Error"}',
		    'in JSON');
		like(new_log($front), qr/exceeds MaxRequestLen \(131072\)/,
		    'and its log says so');
		start_is_refused($front);
	}
	page_answers(sub { page($front, @_) }, $way, '/strongroom/settings/',
	    long => 0);
	on_host('mv public_html/strongroom/settings x');
	page_is($front, 404, "$way: without its directory there is no page");
	on_host('mv x public_html/strongroom/settings');
	my @wrong = grep { (stat)[4] != 7001 } glob "$HOME/strongroom/data/*";
	is("@wrong", '', "$way: all files belong to the account");
	stop($front->{pid});
}

# Under CGI each request is a new start, which makes set-ups easy to break.
my $front = host('cgid', 'All');
sub refused {
	my ($name, $log) = @_;
	new_log($front);
	my $got = door($front, body => $body);
	is($got->{status}, 500, "$name: 500");
	is($got->{headers}{'content-type'}, 'application/json', 'in JSON');
	my $said = '';
	wait_until(10, sub { ($said .= new_log($front)) =~ $log });
	like($said, $log, 'and the log says why');
}

sub works { saved_ok(door($front, body => $body), $_[0]) }

works('it works');
spew("$HOME/public_html/.htaccess", "RewriteEngine On\n"
    . "RewriteRule ^other/(.*)\$ /strongroom/\$1 [L]\n", 0644);
saved_ok($house->http(front => $front, path => '/other' . SAVE, body => $body),
    'rules in the directory above may lead to it');
on_host('chmod 644 strongroom/data/master.key');
refused('a key file that others may read', qr/master\.key refused: .*chmod it to 0600/);
on_host('chmod 600 strongroom/data/master.key');
works('chmod 600 is the cure');

on_host('mv strongroom/data public_html/strongroom/;'
    . 'ln -s ../public_html/strongroom/data strongroom/data');
refused('state in the web space', qr/document root contains.*move them out/);
on_host('rm strongroom/data; mv public_html/strongroom/data strongroom/');
works('moved out of it');

on_host('mv strongroom/strongroom.conf x');
refused('no configuration', qr/strongroom\.conf/);
on_host('mv x strongroom/strongroom.conf');

SKIP: {
	my $program = slurp("$HOME/strongroom/bin/strongroom.fcgi");
	skip 'the program is a static one', 4
	    if $program !~ s/libsodium\.so\.\d/libsodium.so.0/;
	on_host('cp -p strongroom/bin/strongroom.fcgi x');
	spew("$HOME/strongroom/bin/strongroom.fcgi", $program);
	refused('a library that the host does not have',
	    qr/error while loading shared libraries: libsodium/);
	on_host('mv x strongroom/bin/strongroom.fcgi');
	works('the program again');
}

# What the program says of its answers, another type than JSON say, stays.
for my $status (200, 404) {
	on_host('cp -p strongroom/bin/strongroom.fcgi x');
	spew("$HOME/strongroom/bin/strongroom.fcgi", "#!/bin/sh\n"
	    . "printf 'Status: $status\\nContent-Type: text/html\\n"
	    . "X-Request-Id: id-of-worker\\n\\n<p>'\n");
	my $got = door($front, method => 'GET');
	on_host('mv x strongroom/bin/strongroom.fcgi');
	is($got->{status}, $status, "the program's $status");
	is($got->{headers}{'content-type'}, 'text/html', 'has its type');
	is($got->{headers}{'x-request-id'}, 'id-of-worker', 'its id');
	is($got->{body}, '<p>', 'and its body');
}
stop($front->{pid});

# A host with as few modules as will do.
@extras = qw(rewrite);
$front = host('cgid', 'All');
works('without mod_headers and mod_unique_id it works');
page_is($front, 404, 'and has no page, which could not be shut');
stop($front->{pid});
@extras = qw(rewrite headers unique_id dir);

# A host that does not let accounts choose options, but runs scripts.
$front = host('cgid', 'FileInfo',
    qq(<Directory "$WEB">\n\tOptions +ExecCGI\n</Directory>\n));
new_log($front);
is(door($front, body => $body)->{status}, 500, 'options that the host forbids');
like(new_log($front), qr/\.htaccess: Options not allowed here/,
    'are named in its log');
on_host("sed -i '/^Options/d' public_html/strongroom/.htaccess");
works('without that line it works');
stop($front->{pid});

# An account that can only upload files, all of which are for all to read then.
my $said = pack_into('upload', '--init', 'user_abc123');
bring('upload');
chomp($house->{keys}{ $house->user } = $said->{out});
on_host('chmod -R a+rX strongroom');
$front = host('cgid', 'All');
refused('uploaded, and readable by all', qr/master\.key refused: .*chmod it to 0600/);
on_host('chmod 700 strongroom; chmod 600 strongroom/data/master.key');
works('two changes of mode are the cure');

# By hand, with nothing in the environment but the request.
sub by_hand {
	my (%env) = @_;
	return on_host("exec '$WEB/strongroom.fcgi'", stdin => $body, env => {
	    GATEWAY_INTERFACE => 'CGI/1.1', REQUEST_METHOD => 'POST', HOME =>
	    $HOME, PATH_INFO => SAVE, HTTP_X_API_KEY => $house->key, %env });
}
saved_ok(parse_cgi(by_hand()->{out}), 'the script by itself saves');

# A home directory on a file server.
SKIP: {
	my $fake = "$top/statfs.so";
	skip 'no compiler, or a sanitizer in the way', 3 if slow() > 1
	    || run(cmd => ['cc', '-shared', '-fPIC', '-x', 'c', '-o', $fake,
	    '-'], env => { PATH => $ENV{PATH} }, stdin => <<'C')->{exit} ne '0';
#include <string.h>
#include <sys/vfs.h>
int statfs(const char *path, struct statfs *to)
{
	memset(to, 0, sizeof *to);
	to->f_type = path[0] == '/' ? 0x6969 : 0;
	return (0);
}
C
	chmod 0755, $fake;
	on_host("strongroom/bin/strongroom.fcgi --version");
	my $answer = by_hand();
	unlike($answer->{err}, qr/network/, 'a disk is no file server');
	ok(-e "$house->{database}-wal", 'and has a write-ahead log');
	$answer = by_hand(LD_PRELOAD => $fake);
	saved_ok(parse_cgi($answer->{out}), 'NFS: saves');
	like($answer->{err}, qr/warning .*network file system: journal_mode=truncate/,
	    'NFS: says that it takes another way');
	is(unpack('x18 C', slurp($house->{database})), 1,
	    'NFS: the database has no write-ahead log any more');
}
is($house->admin('check')->{exit}, 0, 'every box opens');
finish();
