#!/usr/bin/perl
# The settings page in Debian's Chromium, through nginx and beside the service:
# with 1,000 integrations, by mouse, by keyboard alone, narrow, dark. What the
# browser is told to do is in the .py files here; they run as nobody where the
# test is root's, for Chromium's own sandbox wants no root. SR_PAGE="show edit":
# only what has one of these words in its name.

use strict;
use warnings;
use POSIX qw(strftime);
use Test::More;
use Strongroom;
use Strongroom::Json qw(decode encode);
use Strongroom::Proc qw(start running run wait_until now at_end);

my @need = grep { !-e } qw(/usr/bin/chromium /usr/bin/chromedriver
    /usr/lib/python3/dist-packages/selenium);
BAIL_OUT("the page cannot be tested: install chromium chromium-driver "
    . "python3-selenium; missing: @need") if @need;
my $house = house();
my $dir = "$house->{top}/browser";
my $cache = "$ENV{SR_BUILD}/full-packages";
-d $cache || mkdir $cache or die "$cache: $!";
mkdir $dir or die "$dir: $!";
chmod 0755, $house->{top};
my @as = ();
if ($> == 0) {
	my ($uid, $gid) = (getpwnam 'nobody')[2, 3];
	chown $uid, $gid, $dir or die "$dir: $!";
	@as = ('setpriv', '--reuid', $uid, '--regid', $gid, '--clear-groups');
}

sub key_for {
	my ($user, $name) = @_;
	my $key = $house->admin_ok('key', 'create', '--user', $user, '--name',
	    $name, '--scopes', 'save,read,reveal,verify,admin');
	chomp $key;
	return $key;
}

sub day { strftime('%Y-%m-%dT%H:%M:%SZ', gmtime(time + $_[0] * 86400)) }

my $snippet = slurp(source() . '/nginx/strongroom-settings.conf.in');
$snippet =~ s/\@pkgdatadir\@/source()/e or die 'no @pkgdatadir@';
spew("$house->{dir}/settings.conf", $snippet);
my $include = qq(include "$house->{dir}/settings.conf";\n);
$house->worker;
my $front = $house->nginx(lines => $include);
my $refusing = house(name => 'refusing', init => 0)->nginx(
    socket => $house->{worker}{socket}, lines => $include
    . 'if ($request_method ~ "^(PATCH|DELETE)$") { return 403; }');

my ($key, $states) = (key_for('many', 'all'), key_for('states', 'states'));
my @types = qw(sentry jira linear confluence slack github);
my $bad = 0;
for my $n (1 .. 1000) {
	my $answer = $house->fcgi(key => $key, json => {
	    name => "<b>$n</b><img src=x onerror=alert($n)> & \"$n\"",
	    integration_type => $types[$n % 6], unique_identifier => "id-$n",
	    auth_data => { access_token => "t-$n", expires_at => day($n % 90) },
	});
	$bad++ if $answer->{status} != 200;
}
is($bad, 0, '1,000 integrations are saved');
for my $case (['Valid one', day(100)], ['Expiring', day(3)],
    ['Expired', day(-2)], ['Unknown', undef], ['None']) {
	my ($name, $end) = @$case;
	saved_ok($house->fcgi(key => $states, json => { name => $name,
	    integration_type => 'github', @$case > 1 ? (auth_data => {
	    access_token => "t-$name", expires_at => $end }) : () }), $name);
}

my %conf = (origin => $front->{url}, url => "$front->{url}/settings/",
    refusing_url => "$refusing->{url}/settings/",
    insecure_url => "http://strongroom.test:$front->{port}/settings/",
    key => $key, states_key => $states, empty_key => key_for('none', 'none'),
    expired_day => substr(day(-2), 0, 10), dir => $dir, cache => $dir,
    slow => slow(),
    only => $ENV{SR_PAGE} // '');

# What was fetched once stays; nobody writes to that place but us.
my @packed = glob "'$cache'/axe-core-*.tgz";
run(cmd => ['cp', @packed, $dir]) if @packed;

my $results = 0;

# drive('settings_page', more of the configuration): each line of a program is
# the result of a test.
sub drive {
	my ($name, %more) = @_;
	spew("$dir/$name.json", encode({ %conf, %more }), 0644);
	my ($out, $err) = map { spew("$dir/$name.$_", '') } qw(out err);
	my $from = now();
	my $pid = start(name => $name, stdout => $out, stderr => $err,
	    cmd => [@as, '/usr/bin/python3', '-B',
	    source() . "/t/full/$name.py", "$dir/$name.json"],
	    env => Strongroom::clean_env(HOME => $dir, TMPDIR => $dir));
	my ($seen, $is_over) = (0, 0);
	my $look = sub {
		my $has_ended = !running($pid);
		my @lines = slurp($out) =~ /^(.*)\n/mg;
		for my $line (@lines[$seen .. $#lines]) {
			my $said = decode($line);
			$is_over ||= $said->{end};
			note($said->{note}) if defined $said->{note};
			$results++ if defined $said->{name};
			defined $said->{name} && (ok($said->{ok}, $said->{name})
			    || diag($said->{why}));
		}
		$seen = @lines;
		return $has_ended;
	};
	ok(wait_until(1800, $look) && $is_over, "$name comes to its end")
	    || diag(slurp($err) =~ s/.*(?=.{4000}\z)//sr);
	note(sprintf '%s: %.0f s', $name, now() - $from);
}

my %wanted = map { $_ => 1 } @ARGV ? @ARGV
    : qw(settings_page settings_ways settings_story);
drive($_) for grep { $wanted{$_} } qw(settings_page settings_ways);

# The story is told of quickstart, as it is for whoever comes.
if ($wanted{settings_story}) {
	my ($at, $port) = ("$house->{top}/quickstart", free_port());
	my $quick = source() . '/quickstart';
	my %o = (env => { %{ Strongroom::clean_env() }, HOME => $dir },
	    seconds => 900);
	my $said = run(%o, cmd => [$quick, '--background', '--no-install',
	    '--port', $port, '--dir', $at]);
	at_end(sub { run(%o, cmd => [$quick, '--stop', '--dir', $at]) });
	is($said->{exit}, 0, 'quickstart') || diag("$said->{out}$said->{err}");
	my ($url) = $said->{out} =~ m{Settings\s+(http://\S+/)settings/};
	ok($url, 'says where the page is') || BAIL_OUT($said->{out});
	chomp(my $its = slurp("$at/api-key"));
	drive('settings_story', origin => $url =~ s{/\z}{}r,
	    url => "${url}settings/", key => $its);
	is(run(%o, cmd => ['cp', glob("'$dir'/*.png"), $ENV{SR_BUILD}])->{exit},
	    0, "pictures in $ENV{SR_BUILD}");
}
run(cmd => ['cp', glob("'$dir'/axe-core-*.tgz"), $cache]);
cmp_ok($results, '>', 0, "$results results of the browser");
is($house->admin('check')->{exit}, 0, 'every box opens');
finish();
