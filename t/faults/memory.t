#!/usr/bin/perl
# The nth allocation fails, for each n, in everything that the programs do. No
# process crashes and none leaks; each answer is the one that was due or a
# documented failure; what was answered 200 is there, whole.

use strict;
use warnings;
use Test::More;
use Strongroom;
use Strongroom::FastCGI qw(fcgi_connect fcgi_begin fcgi_params fcgi_stdin
    fcgi_send fcgi_read parse_cgi);
use Strongroom::Figure;
use Strongroom::Json qw(decode);
use Strongroom::Preload;
use Strongroom::Proc qw(run stop running wait_until);
use Strongroom::Seed;

plan skip_all => 'sanitizers have an allocator of their own' if slow() > 1;
alarm(full() ? 7200 : 300);

my %hook = preload('memory_fault');
use constant AT_ONCE => 4;
my $house = house();
my $file = "$house->{dir}/memory";
my %env = (%hook, SR_MEMORY => $file);
my $NEVER = 1 << 62;

# Let allocations first .. last fail, counting anew.
sub arm {
	my ($first, $last) = @_;
	open my $fh, -e $file ? '+<' : '+>', $file or die "$file: $!";
	binmode $fh;
	syswrite $fh, pack 'Q5', $first, $last, 0, 0, 0;
}

sub state_of {
	my %s;
	@s{qw(first last count failed live)} = unpack 'Q5', slurp($file);
	return \%s;
}

my $FAILURE = qr/\A\{"success":false,"data":null,"error":"Failed to save integration: (?:Database connection failed|Database write failed|Internal error|Database is busy|Database is full)"\}\z/;

my $count = 0;
my $large = 'y' x 200_000;
our $has_memory;		# no failure is due

# What an answer was instead of what it should be; '' where it is right.
sub wrong_answer {
	my ($got, $due, $name) = @_;
	my $body = $got->{body};
	if ($got->{status} =~ /\A50[037]\z/) {
		return '' if $body =~ $FAILURE && !$has_memory;
		return "a $got->{status} says $body";
	}
	return "status $got->{status}, exit " . ($got->{exit} // 'none') . ': '
	    . ($got->{err} // '') if $got->{status} != $due;
	my $said = eval { decode($body) } or return "no JSON: $body";
	return '' if $due != 200;
	my $auth = eval { $house->reveal($said->{data}{integration_id}) };
	return "a 200 does not open: $@" if !defined $auth;
	return $auth eq $name ? '' : 'a 200 opens to something else';
}

# The ways to ask, by a door; each gives back what was wrong.
sub asks {
	my ($door) = @_;
	my $ask = sub {
		my ($due, $auth, %request) = @_;
		my $got = $house->$door(%request,
		    $door eq 'cgi' ? (env => \%env) : (seconds => 10));
		return "it ends with $got->{exit}: $got->{err}"
		    if $door eq 'cgi' && $got->{exit} =~ /signal|still/;
		return 'it has ended' if $door eq 'fcgi'
		    && !running($house->{worker}{pid});
		return wrong_answer($got, $due, $auth);
	};
	my $body = sub {
		my ($auth, $more) = @_;
		return (body => with_auth($auth, $more));
	};
	return (
	    'save new' => sub {
		my $auth = '{"access_token":"n' . ++$count . '"}';
		$ask->(200, $auth, $body->($auth));
	    },
	    'save again' => sub {
		my $auth = '{"access_token":"a' . ++$count . '"}';
		$ask->(200, $auth, $body->($auth,
		    '"unique_identifier":"again","metadata":{"tags":["x"]},'));
	    },
	    '401' => sub { $ask->(401, '', body => '{', key => 'srk_x') },
	    '422 of many faults' => sub {
		$ask->(422, '', json => { name => 5, status => 'x',
		    active => 1, auth_data => { map { ($_ => 1) }
		    qw(access_token refresh_token token_type scope code) },
		    metadata => { tags => [1 .. 300] }});
	    },
	    '200 kB' => sub {
		my $auth = '{"access_token":"' . ++$count . $large . '"}';
		$ask->(200, $auth, $body->($auth));
	    },
	    'conflict' => sub {
		$ask->(409, '', body => with_auth('{}',
		    '"unique_identifier":"again",') =~ s/jira/slack/r);
	    },
	);
}

# A run of the command line: done as it should be, or refused with a line.
sub wrong_run {
	my ($ran, $done) = @_;
	return "it ends with $ran->{exit}: $ran->{err}"
	    if $ran->{exit} =~ /signal|still/;
	return $done->($ran) if $ran->{exit} eq '0';
	return "it fails with $ran->{exit} and no word"
	    if "$ran->{err}$ran->{out}" !~ /\S/;
	return '';
}

sub command {
	my ($done, @args) = @_;
	return sub { wrong_run($house->admin(@args, { env => \%env }), $done) };
}

sub init_run {
	my $dir = "$house->{dir}/i" . ++$count;
	my $conf = spew("$dir.conf", "database = \"$dir/d/x.db\"\n"
	    . "master_key_file = \"$dir/k/x.key\"\n");
	my $ran = run(cmd => [program('strongroom'), '--config', $conf,
	    'init'], env => Strongroom::clean_env(%env));
	my $wrong = wrong_run($ran, sub {
		my $there = run(cmd => [program('strongroom'), '--config',
		    $conf, 'check'], env => Strongroom::clean_env());
		return $there->{exit} eq '0' ? '' : "no service: $there->{err}";
	});
	$wrong ||= 'a database without its key'
	    if -e "$dir/d/x.db" && !-e "$dir/k/x.key";
	return $wrong;
}

sub start_run {
	my $worker = $house->worker(ready => 0, env => \%env);
	wait_until(20, sub {
		return 1 if !running($worker->{pid});
		my $said = $house->fcgi(method => 'GET', path => '/healthz',
		    key => undef, type => undef);
		return $said->{status} != 599;
	}) or return 'it does not serve';
	my $end = $house->stop_worker($worker);
	my $log = slurp($worker->{log});
	unlink $worker->{log};
	return "it ends with $end->{exit}: $log"
	    if $end->{exit} !~ /\A(?:0|[67]\d)\z/;
	# It may have answered before its last thread was refused.
	return 'it refuses without a word'
	    if $end->{exit} ne '0' && $log !~ / error /;
	return '';
}

# A save whose long parameters come in two parts, and its body with the second:
# what was wrong. Without memory for them there is no request to answer.
sub parted {
	my $auth = '{"access_token":"p' . ++$count . $large . '"}';
	my $all = fcgi_begin(0) . fcgi_params($house->fcgi_params_of(
	    body => with_auth($auth), params => {
	    HTTP_COOKIE => 'c' x 25_000 }));
	my $sock = fcgi_connect($house->{worker}{socket});
	fcgi_send($sock, substr $all, 0, -100);
	wait_until(20, sub {
		# What the other side has not read yet (SIOCOUTQ, unix(7)).
		ioctl $sock, 0x5411, my $left = pack 'i', 0 or die "ioctl: $!";
		return unpack('i', $left) == 0;
	});
	fcgi_send($sock, substr($all, -100) . fcgi_stdin(with_auth($auth)));
	my $got = fcgi_read($sock, 20);
	return $got->{ended} ? wrong_answer(parse_cgi($got->{stdout}), 200,
	    $auth) : '';
}

# With memory back, several requests, begun before one is ended, so that nobody
# who serves is left out: which of them are not saved.
sub unserved {
	my @requests = map {
		my $name = '{"access_token":"e' . ++$count . '"}';
		my $bytes = fcgi_begin(0) . fcgi_params($house->fcgi_params_of(
		    body => with_auth($name))) . fcgi_stdin(with_auth($name));
		[fcgi_connect($house->{worker}{socket}), $bytes];
	} 1 .. AT_ONCE;
	fcgi_send($_->[0], substr $_->[1], 0, -100) for @requests;
	# One after the other: the lock is for one, and so may a queue be.
	return grep { $_ ne '200' } map {
		fcgi_send($_->[0], substr $_->[1], -100);
		parse_cgi(fcgi_read($_->[0], 20)->{stdout})->{status};
	} @requests;
}

my (%sum, @findings);
my $mode = 'one';	# 'one': the nth fails; 'all': all from the nth on

# The numbers to try, of 1 .. $n: the first ones, which are those of our own
# code before there is a database, the last ones, and some between.
use constant FIRST => 60;
sub sample {
	my ($n, $most) = @_;
	return 1 .. $n if full() || $n <= FIRST + $most;
	my %take = map { $_ => 1 } 1 .. FIRST, $n - int($most / 3) + 1 .. $n,
	    map { 1 + int rand $n } 1 .. $most * 2 / 3;
	return sort { $a <=> $b } keys %take;
}

# Run a scenario with each allocation failing in its turn.
sub sweep {
	my ($name, $code, %o) = @_;
	arm($NEVER, $NEVER);
	my $wrong = $code->();
	my $plain = state_of();
	$wrong eq '' or $o{naive} or die "$name, with all memory: $wrong";
	my @found;
	for my $n (sample($plain->{count}, $o{most} // 18)) {
		arm($n, $mode eq 'all' ? $NEVER : $n);
		$wrong = $code->();
		my $state = state_of();
		$sum{failed} += $state->{failed};
		$sum{runs}++;
		push @found, "$name, allocation $n of $plain->{count}: $wrong"
		    if $wrong ne '';
		if ($o{worker}) {
			# With memory again: as if nothing had been.
			arm($NEVER, $NEVER);
			local $has_memory = 1;
			$wrong = $code->();
			push @found, "$name, after allocation $n: $wrong"
			    if $wrong ne '';
			push @found, map { "$name, allocation $n, with memory "
			    . "back: $_" } unserved();
		}
		# A worker is asked for leaks at its end.
		push @found, "$name, allocation $n: "
		    . ($state->{live} - $plain->{live}) . ' leaked'
		    if !$o{worker} && $wrong eq ''
		    && $state->{live} > $plain->{live};
	}
	arm($NEVER, $NEVER);
	return @found if $o{naive};
	ok(!@found, "$name: $plain->{count} allocations")
	    || diag(join "\n", @found[0 .. ($#found > 9 ? 9 : $#found)]);
	push @findings, @found;
	$sum{scenarios}++;
}

seeded(8);
$house->key;
$house->cgi(body => with_auth('{}', '"unique_identifier":"again",'));
my ($one) = map { $_->{integration_id} } @{ $house->integrations };

sweep('start of a worker', \&start_run, most => 12);
sweep('init', \&init_run);
sweep('key create', command(sub {
	my ($ran) = @_;
	chomp(my $key = $ran->{out});
	my $status = $house->cgi(key => $key, body => '{}')->{status};
	return $status == 422 ? '' : "the key gets a $status";
}, qw(key create --user u --name n)));
sweep('key list', command(sub {
	my $list = eval { decode($_[0]{out}) };
	return $list && @$list && !grep({ !defined $_->{user} } @$list) ? ''
	    : 'the list is not whole';
}, qw(key list --json)));
sweep('check', command(sub { $_[0]{err} eq '' ? '' : $_[0]{err} }, 'check'));
sweep('integration list', command(sub {
	my $list = eval { decode($_[0]{out}) };
	return $list && @$list ? '' : 'the list is not whole';
}, qw(integration list --json)));
sweep('integration reveal', command(sub {
	$_[0]{out} =~ /\A\{/ ? '' : 'it reveals something else' },
	'integration', 'reveal', $one));
sweep('integration reveal --json', command(sub {
	eval { decode($_[0]{out}); 1 } ? '' : 'it reveals something else' },
	'integration', 'reveal', $one, '--json'));
{
	my @asks = asks('cgi');
	while (my ($name, $code) = splice @asks, 0, 2) {
		sweep("$name (CGI)", $code);
	}
}

# The worker: all its scenarios in one process, and then what it leaked; as
# many of each as there will be, without a failure, first.
sub worker_life {
	my ($with_failures) = @_;
	arm($NEVER, $NEVER);
	$house->worker(env => \%env);
	my @asks = (asks('fcgi'), 'parameters in two parts' => \&parted);
	while (my ($name, $code) = splice @asks, 0, 2) {
		if ($with_failures) {
			sweep("$name (worker)", $code, worker => 1, most => 60);
		} else {
			$code->() for 1 .. 4;
		}
	}
	my $end = $house->stop_worker;
	is($end->{exit}, 0, 'the worker ends in order')
	    || diag(slurp($house->{worker}{log}) =~ s/.*(?=.{2000}\z)//sr);
	return state_of()->{live};
}

my $base = worker_life(0);
my $live = worker_life(1);
cmp_ok($live, '<=', $base, 'the worker leaks nothing')
    || push @findings, 'worker: ' . ($live - $base) . ' leaked';
is($house->admin('check')->{exit}, 0, 'check: all is well');
if (full()) {
	$mode = 'all';
	my @asks = asks('cgi');
	while (my ($name, $code) = splice @asks, 0, 2) {
		sweep("$name (CGI), and all after it", sub {
			my $wrong = $code->();
			# There may be no memory to say so.
			return $wrong =~ /\Astatus 0,/ ? '' : $wrong;
		});
	}
	$mode = 'one';
}
figure("$sum{failed} failed allocations in $sum{runs} runs of "
    . "$sum{scenarios} scenarios: " . @findings . ' wrong, crashed or leaked '
    . '(0)');

# The same of a program that does it wrong.
my $naive = tool('memory_naive');
my @found = sweep('naive', sub {
	wrong_run(run(cmd => [$naive], env => Strongroom::clean_env(%env)),
	    sub { '' });
}, naive => 1, most => 100);
is(scalar(grep { /signal 11/ } @found), 1, 'an unchecked allocation is seen');
is(scalar(grep { /leaked/ } @found), 1, 'and a leak');
control('a program with one unchecked allocation and one leak: '
    . join(', ', map { s/^naive, //r =~ s/: it ends with/:/r } @found));
finish();
