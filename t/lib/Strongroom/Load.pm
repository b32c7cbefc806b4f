package Strongroom::Load;

# A load of saves whose every answer is remembered, and the proof afterwards
# that the service kept its word.
#
#	my $load = load($house, clients => 4);	  # clients start at once
#	$load->wait_for(500);			  # until 500 more were acknowledged
#	... kill, cut, fill, rotate, back up ...
#	my $count = $load->stop;		  # { 200 => 7211, 503 => 3, 599 => 12 }
#	$load->cut;				  # what is answered later is not heard
#	$load->kept('what was done to it');	  # one test: ok, or what is wrong
#	my @wrong = $load->faults;		  # the same as a list, for controls
#
# Each client is a process that saves, one request after the other, and writes
# to its own file in the house's directory load/ what it is about to send and
# what was answered. Some saves are new, some are again, and no two are alike.
# 599 is no answer: the connection was refused or broke.
#
# What kept() and faults() demand, of the database named by the house's
# configuration (or of another house: $load->faults($other)):
#   - a save that was answered 200 is there, under the integration_id of the
#     answer, and its box opens to what was sent, or to what was sent later
#     under the same identifier and not refused
#   - nothing is there that was answered 4xx or 503, or was never sent
#   - strongroom check is content
#
# load($house, ...):
#   clients => N      processes, 4; 0: $load->save is one save, now
#   doors => [...]    fcgi (default), http (through $house->nginx), cgi; the
#                     clients take them in turn
#   sockets => [...]  of the workers to go to, the house's last worker; a
#                     connection is kept until it breaks, then one is drawn
#   again => 0.25     how many saves are of an identifier that exists
#   sizes => [...]    of tokens, bytes; drawn from
#   pause => 0.002    seconds between two saves of a client
#   after_503 => 0.02 seconds to wait when told to
#   cgi_env => code   gives the environment that a CGI process has besides
#   name => 'a'       where a house has more than one load
#   seconds => 600    after which clients end by themselves
#   saves => N        after which each does
#   until_cut => 1    as each does at the first save without an answer
#   seed => N         the same draws each time
#   lie => 1          for controls: a client that takes no answer, or one of
#                     the service's failures, for a 200
#
# Latencies, in seconds: $load->{took}{STATUS} is a list, in no order.

use strict;
use warnings;
use Exporter 'import';
use Test::More;
use Strongroom;
use Strongroom::FastCGI qw(fcgi_connect);
use Strongroom::Proc qw(launch run wait_until pause now);

our @EXPORT = qw(load);

my @SIZES = ((20) x 12, 200, 1500, 4000, 30_000);

sub load {
	my ($house, %o) = @_;
	my $name = $o{name} // 'a';
	my $dir = "$house->{dir}/load";
	-d $dir || mkdir $dir or die "$dir: $!";
	my $self = bless { house => $house, name => $name, dir => $dir,
		clients => 4, doors => ['fcgi'], again => 0.25,
		pause => 0.002, after_503 => 0.02, seconds => 600,
		sizes => \@SIZES, sockets => [$house->{worker}{socket}], %o,
		stopper => "$dir/$name.stop", tried => {}, at => [],
		acknowledged => 0, count => {}, took => {} }, __PACKAGE__;
	$house->key;
	my @files = map { "$dir/$name.$_" } 0 .. ($self->{clients} || 1) - 1;
	spew($_, '') for @files;
	$self->{files} = \@files;
	$self->{join} = launch($self->{clients}, sub { $self->_client(@_) })
	    if $self->{clients} > 0;
	return $self;
}

# -- a client's process

# What is sent as auth_data; made again from its name for the comparison.
sub _value {
	my ($self, $uid, $seq) = @_;
	my ($n) = $uid =~ /(\d+)\z/;
	my $size = $self->{sizes}[($n * 7 + $seq * 3) % @{ $self->{sizes} }];
	return "{\"access_token\":\"$uid.$seq." . 'x' x $size . '"}';
}

# What the saves of one client have in common.
sub _begin {
	my ($self, $i) = @_;
	srand($self->{seed} // $$ * 1000 + now() * 1000 % 1000);
	open my $log, '>>', $self->{files}[$i] or die "load: $!";
	return { i => $i, log => $log, n => 0, seq => {},
	    door => $self->{doors}[$i % @{ $self->{doors} }] };
}

sub _save {
	my ($self, $client) = @_;
	my $n = $client->{n};
	my $uid = "$self->{name}-$client->{i}-"
	    . ($n > 0 && rand() < $self->{again} ? int rand $n : $n);
	$client->{n}++ if $uid =~ /-$n\z/;
	my $seq = ++$client->{seq}{$uid};
	syswrite $client->{log}, "T $uid $seq\n";
	my $from = now();
	my $answer = $self->_send($client->{door}, $uid, $seq,
	    \$client->{sock});
	my $took = now() - $from;
	my ($id) = $answer->{body} =~ /"integration_id":"([^"]*)"/;
	syswrite $client->{log}, sprintf "R %s %d %d %s %.4f %s\n", $uid,
	    $seq, $self->{lie} && $answer->{status} >= 500 ? 200
	    : $answer->{status}, $id // '-', $took,
	    $answer->{headers}{'retry-after'} // '-';
	return $answer;
}

sub _client {
	my ($self, $i) = @_;
	my $client = $self->_begin($i);
	my $end = now() + $self->{seconds};
	my $sent = 0;
	while (now() < $end && !-e $self->{stopper}
	    && $sent++ < ($self->{saves} // 9e9)) {
		my $status = $self->_save($client)->{status};
		last if $self->{until_cut} && $status == 599;
		pause($status == 503 ? $self->{after_503}
		    : $status == 599 ? 0.01 : $self->{pause});
	}
	return;
}

sub _send {
	my ($self, $door, $uid, $seq, $sock) = @_;
	my $house = $self->{house};
	my $body = '{"name":"load","integration_type":"jira",'
	    . "\"unique_identifier\":\"$uid\",\"auth_data\":"
	    . $self->_value($uid, $seq) . '}';
	return $house->http(body => $body) if $door eq 'http';
	return $house->cgi(body => $body,
	    env => $self->{cgi_env} && $self->{cgi_env}->())
	    if $door eq 'cgi';
	my @to = @{ $self->{sockets} };
	$$sock //= fcgi_connect($to[rand @to])
	    // return { status => 599, headers => {}, body => '' };
	my $answer = $house->fcgi(sock => $$sock, keep => 1, body => $body);
	undef $$sock if $answer->{status} == 599;
	return $answer;
}

# -- the parent's view

# Read what the clients have written since the last time.
sub look {
	my ($self) = @_;
	for my $i (0 .. $#{ $self->{files} }) {
		open my $fh, '<:raw', $self->{files}[$i] or die "load: $!";
		seek $fh, $self->{at}[$i] // 0, 0;
		while (my $line = readline $fh) {
			last if $line !~ /\n\z/;
			$self->{at}[$i] += length $line;
			$self->_note(split ' ', $line);
		}
	}
	return $self;
}

sub _note {
	my ($self, $kind, $uid, $seq, $status, $id, $took, $retry) = @_;
	my $try = $self->{tried}{$uid}[$seq - 1] //= { seq => $seq };
	return if $kind eq 'T';
	$try->{status} = $self->{is_cut} ? 599 : $status;
	$try->{id} = $id;
	$self->{count}{$status}++;
	$self->{acknowledged}++ if $try->{status} == 200;
	push @{ $self->{took}{$status} }, $took;
	$self->{no_retry_after}++ if $status == 503 && $retry eq '-';
}

# With clients => 0: one save by the calling process; the answer.
sub save {
	my ($self) = @_;
	return $self->_save($self->{own} //= $self->_begin(0));
}

# Wait for clients that end by themselves.
sub wait_for_end {
	my ($self) = @_;
	$self->{join}->() if $self->{join};
	delete @$self{qw(join own)};
	return $self->look->{count};
}

# Saves that were acknowledged until now.
sub acknowledged { $_[0]->look->{acknowledged} }

# From now on nobody would hear an answer, so that none is taken for a promise.
sub cut { $_[0]->look->{is_cut} = 1 }

# Wait until N more are acknowledged; false when that takes too long.
sub wait_for {
	my ($self, $n, $seconds) = @_;
	my $goal = $self->acknowledged + $n;
	return wait_until($seconds // 60 * slow(),
	    sub { $self->acknowledged >= $goal });
}

# End the clients. How often there was which answer.
sub stop {
	my ($self) = @_;
	spew($self->{stopper}, '');
	return $self->wait_for_end;
}

sub counts {
	my ($self) = @_;
	my $count = $self->look->{count};
	return join ', ', map { "$count->{$_} times $_" } sort keys %$count;
}

# -- the proof

# What may be stored under an identifier, by its number; must: it has to be
# there.
sub _allowed {
	my ($tries) = @_;
	my (%may, $must, $id);
	for my $try (@$tries) {
		my $status = $try->{status} // 599;
		if ($status == 200) {
			%may = ();
			$must = 1;
			$id = $try->{id};
		}
		$may{ $try->{seq} } = 1 if $status != 503
		    && ($status < 400 || $status >= 500);
	}
	return (\%may, $must, $id);
}

sub _rows {
	my ($self, $house) = @_;
	my $ran = run(cmd => [program('t/faults/boxes'), $house->{conf}],
	    env => Strongroom::clean_env(), seconds => 600);
	die "boxes: exit $ran->{exit}: $ran->{err}" if $ran->{exit} ne '0';
	my @texts = unpack '(N/a*)*', $ran->{out};
	my %row;
	while (my ($uid, $id, $how, $auth) = splice @texts, 0, 4) {
		$row{$uid} = { id => $id, how => $how, auth => $auth }
		    if $uid =~ /\A\Q$self->{name}\E-\d+-\d+\z/;
	}
	return \%row;
}

sub _fault_of {
	my ($self, $uid, $row) = @_;
	my ($may, $must, $id) = _allowed($self->{tried}{$uid});
	if (!$row) {
		return $must ? "lost: $uid" : ();
	}
	return "refused: the box of $uid does not open"
	    if $row->{how} eq 'refused';
	return "another id: $uid" if defined $id && $id ne '-'
	    && $id ne $row->{id};
	my ($seq) = $row->{auth} =~ /\A\{"access_token":"\Q$uid\E\.(\d+)\./;
	return "strange: $uid holds what was never sent" if !$seq
	    || $row->{auth} ne $self->_value($uid, $seq);
	return if $may->{$seq};
	my $last = (sort { $a <=> $b } keys %$may)[0] // 0;
	return $must && $seq < $last ? "old: $uid, $seq where $last was "
	    . 'acknowledged' : "strange: $uid holds $seq, which was refused";
}

# What is wrong, a line each; nothing is right. The load has been stopped.
sub faults {
	my ($self, $house) = @_;
	$house //= $self->{house};
	$self->look;
	my $row = eval { $self->_rows($house) } or return "unreadable: $@";
	my @wrong = map { $self->_fault_of($_, $row->{$_}) }
	    sort keys %{ $self->{tried} };
	push @wrong, map { "strange: $_ was never sent" }
	    grep { !$self->{tried}{$_} } sort keys %$row;
	my $check = $house->admin('check');
	push @wrong, "check: $check->{out}$check->{err}"
	    if $check->{exit} ne '0';
	return @wrong;
}

# One test: nothing is wrong after what was done.
sub kept {
	my ($self, $after, $house) = @_;
	my @wrong = $self->faults($house);
	local $Test::Builder::Level = $Test::Builder::Level + 1;
	return ok(!@wrong, "each acknowledged save is there after $after")
	    || diag(scalar @wrong, " faults:\n",
	    join "\n", @wrong > 10 ? @wrong[0 .. 9] : @wrong);
}

# How many of a list of latencies' tenths of a percent are below what this
# gives, in seconds: quantile($load->{took}{200}, 0.99).
sub quantile {
	my ($took, $share) = @_;
	my @sorted = sort { $a <=> $b } @{ $took // [] } or return 0;
	return $sorted[$share * $#sorted];
}

1;
